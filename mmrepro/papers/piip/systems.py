"""From a system of the settings to a pyramid, and to the numbers that its cost follows from."""

from __future__ import annotations

from timm.models.vision_transformer import Block

from mmrepro.errors import MMReproError
from mmrepro.papers.piip.branch import Branch, ViTBranch, ViTSize, plain_vit, timm_branch
from mmrepro.papers.piip.compute import Network, Plan
from mmrepro.papers.piip.interaction import Injection
from mmrepro.papers.piip.pyramid import PIIP
from mmrepro.papers.piip.settings import NetworkSetting, Schedule, Settings, System
from mmrepro.training.loop import TrainingSettings


def build_pyramid(system: System, settings: Settings) -> PIIP:
    """Build the pyramid of a system, pretrained where its networks are named in timm."""
    pyramid = PIIP(
        [_branch(system, place, settings) for place in range(len(system.networks))],
        interact=system.interact,
        arrangement=system.arrangement,
        attention=settings.attention,
        heads=settings.interaction_heads,
        drop_path=settings.drop_path,
        backend=settings.deformable_backend,
        checkpointing=settings.checkpointing,
    )
    if settings.compile_blocks:
        compile_blocks(pyramid)
    return pyramid


def compile_blocks(pyramid: PIIP) -> None:
    """Compile every block and injection by itself: shapes are fixed, and one graph serves all layers."""
    for module in pyramid.modules():
        if isinstance(module, Block | Injection):
            module.compile(dynamic=False)


def _branch(system: System, place: int, settings: Settings) -> Branch:
    network, size = settings.networks[system.networks[place]], system.sizes[place]
    window = system.windows[place] if system.windows else None
    if isinstance(network, str):
        return timm_branch(
            network, size, settings.pieces, pretrained=True, window=window, drop_path=settings.drop_path
        )
    shape = ViTSize(network.dim, network.depth, network.heads)
    net = plain_vit(shape, size, patch=settings.patch, drop_path=settings.drop_path)
    return ViTBranch(net, size, settings.pieces, window)


def plan_of_system(system: System, settings: Settings) -> Plan:
    """Return a system as numbers, for `compute.published_cost`.

    Raises
    ------
    MMReproError
        For a network that is known by name only.
    """
    networks = []
    for name in system.networks:
        found = settings.networks[name]
        if not isinstance(found, NetworkSetting):
            raise MMReproError(
                f"The cost of {found} has no closed form here; use networks given by their widths."
            )
        networks.append(Network(found.dim, found.depth))
    return Plan(
        tuple(networks),
        system.sizes,
        window=system.windows,
        interactions=settings.pieces if system.interact else 0,
        attention=settings.attention,
        merging="dense" if settings.merging == "dense" else "linear",
        patch=settings.patch,
        heads=settings.interaction_heads,
    )


def schedule_of(task: Schedule | Settings, longer: float = 1.0) -> TrainingSettings:
    """Take the training schedule of a task from its settings, `longer` times as many epochs."""
    return TrainingSettings(
        epochs=round(task.epochs * longer),
        lr=task.lr,
        weight_decay=task.weight_decay,
        batch_size=task.batch_size,
        clip_norm=1.0,
        warm_up=task.warm_up,
        loaders=task.loaders,
    )
