"""Branches: any vision transformer or convolutional network of timm, cut into equal pieces."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import timm
from timm.layers.drop import DropPath
from timm.models._features import FeatureListNet
from timm.models.vision_transformer import VisionTransformer
from torch import Tensor, nn
from torch.nn import functional

from mmrepro.errors import MMReproError, first_line, nearest

Grid = tuple[int, int]


@dataclass(frozen=True)
class ViTSize:
    """Width, number of blocks and number of heads of a plain vision transformer."""

    dim: int
    depth: int
    heads: int


class WindowAttention(nn.Module):
    """A timm attention inside windows that do not overlap; the last ones are padded with zeros.

    As in the released code the padding is not masked, and it is cut off before the output projection.
    """

    def __init__(self, attention: Any, grid: Grid, window: int) -> None:
        super().__init__()
        self.grid, self.window, self.attention = grid, window, attention
        self.proj, attention.proj = attention.proj, nn.Identity()

    def forward(self, tokens: Tensor, attn_mask: None = None, is_causal: bool = False) -> Tensor:
        """Turn (b, h * w, dim) into the same shape; a mask, which timm may pass, is not supported."""
        side, (height, width) = self.window, self.grid
        down, across = -(-height // side), -(-width // side)
        batch, _, dim = tokens.shape
        padding = (0, 0, 0, across * side - width, 0, down * side - height)
        padded = functional.pad(tokens.view(batch, height, width, dim), padding)
        windows = padded.view(batch, down, side, across, side, dim).transpose(2, 3)
        seen = self.attention(windows.reshape(-1, side * side, dim))
        whole = seen.view(batch, down, across, side, side, -1).transpose(2, 3)
        whole = whole.reshape(batch, down * side, across * side, -1)[:, :height, :width]
        projected: Tensor = self.proj(whole.reshape(batch, height * width, -1))
        return projected


class Branch(nn.Module):
    """One network of the pyramid, run piece by piece so that others can be heard in between.

    Attributes
    ----------
    size
        Height and width (pixels) that images are resized to.
    dims, grids
        Channels and (height, width) in tokens after each piece.
    prefix
        Tokens that belong to no place of the image: 1 with a class token, else 0.
    """

    size: Grid
    dims: tuple[int, ...]
    grids: tuple[Grid, ...]
    prefix: int = 0

    def embed(self, images: Tensor) -> Tensor:
        """Turn images (b, 3, any, any) into what the first piece reads."""
        if tuple(images.shape[-2:]) != self.size:
            images = functional.interpolate(images, self.size, mode="bilinear", align_corners=False)
        return images

    def run(self, piece: int, tokens: Tensor) -> Tensor:
        """Run one piece and return tokens (b, prefix + h * w, dim)."""
        raise NotImplementedError


class ViTBranch(Branch):
    """A vision transformer as a branch.

    Parameters
    ----------
    net
        Made for the images' size, so that its position embedding fits.
    pieces
        Into how many equal pieces the blocks are cut.
    window
        Side of the attention windows in tokens; None attends over the whole grid.
    global_blocks
        Blocks that attend over the whole grid all the same, as in ViTDet.
    class_token
        Whether to keep the class token; detection has none.

    Raises
    ------
    MMReproError
        When the size is no multiple of the patch, the pieces do not divide the depth, or windows
        and a class token are asked for together.
    """

    def __init__(
        self,
        net: VisionTransformer,
        size: Grid,
        pieces: int,
        window: int | None = None,
        global_blocks: Sequence[int] = (),
        class_token: bool = False,
    ) -> None:
        super().__init__()
        if class_token and window is not None:
            raise MMReproError(
                "Windows have no place for a class token; use window=None or class_token=False."
            )
        grid = grid_of(size, net.patch_embed.patch_size[0])
        self.size, self.net = size, net
        self.prefix = _settle_class_token(net, class_token)
        self.pieces = _cut(list(net.blocks), pieces)
        self.dims, self.grids = (net.embed_dim,) * pieces, (grid,) * pieces
        if window is not None:
            for number, block in enumerate(net.blocks):
                if number not in global_blocks:
                    block.attn = WindowAttention(block.attn, grid, window)

    def embed(self, images: Tensor) -> Tensor:
        """Cut images into patches, embed them and add their positions: (b, prefix + h * w, dim)."""
        tokens = self.net._pos_embed(self.net.patch_embed(super().embed(images)))
        embedded: Tensor = self.net.norm_pre(tokens)
        return embedded

    def run(self, piece: int, tokens: Tensor) -> Tensor:
        """Run the blocks of one piece."""
        for block in self.pieces[piece]:
            tokens = block(tokens)
        return tokens


class CNNBranch(Branch):
    """A convolutional network of timm (``features_only``) as a branch; its stages are the pieces.

    Width and grid change from piece to piece, and with them those of the interactions.
    """

    def __init__(self, net: Any, size: Grid, pieces: int) -> None:
        super().__init__()
        self.size = size
        stages: list[list[nn.Module]] = [[]]
        for name, module in net.items():
            stages[-1].append(module)
            if name in net.return_layers:
                stages.append([])
        self.pieces = _cut([nn.Sequential(*stage) for stage in stages if stage], pieces)
        each = len(net.feature_info.channels()) // pieces
        self.dims = tuple(net.feature_info.channels()[each - 1 :: each])
        self.grids = tuple(grid_of(size, step) for step in net.feature_info.reduction()[each - 1 :: each])

    def run(self, piece: int, tokens: Tensor) -> Tensor:
        """Run the stages of one piece; the first reads images, the others tokens."""
        maps = as_map(tokens, self.grids[piece - 1]) if piece else tokens
        for stage in self.pieces[piece]:
            maps = stage(maps)
        return as_tokens(maps)


def as_map(tokens: Tensor, grid: Grid) -> Tensor:
    """Turn tokens (b, h * w, dim) into a map (b, dim, h, w)."""
    return tokens.transpose(1, 2).reshape(len(tokens), -1, *grid)


def as_tokens(maps: Tensor) -> Tensor:
    """Turn a map (b, dim, h, w) into tokens (b, h * w, dim)."""
    return maps.flatten(2).transpose(1, 2)


def grid_of(size: Grid, patch: int) -> Grid:
    """Return how many patches of `patch` pixels an image of `size` has, down and across."""
    if size[0] % patch or size[1] % patch:
        near = tuple(max(patch, round(side / patch) * patch) for side in size)
        raise MMReproError(
            f"Images of {size[0]} x {size[1]} pixels cannot be cut into patches of {patch}; "
            f"use multiples of {patch}, such as {near[0]} x {near[1]}."
        )
    return size[0] // patch, size[1] // patch


def plain_vit(
    shape: ViTSize, size: Grid, *, patch: int = 16, drop_path: float = 0.0, layer_scale: float | None = None
) -> VisionTransformer:
    """Make an untrained vision transformer without class token or head.

    `drop_path` is constant over depth, as in the released code (not growing, as is usual).
    """
    grid_of(size, patch)
    net = VisionTransformer(
        img_size=size, patch_size=patch, embed_dim=shape.dim, depth=shape.depth, num_heads=shape.heads,
        num_classes=0, global_pool="", class_token=False, init_values=layer_scale,
    )  # fmt: skip
    net.norm = nn.Identity()
    made: VisionTransformer = _constant_drop_path(net, drop_path)
    return made


def timm_branch(
    name: str,
    size: Grid,
    pieces: int,
    *,
    pretrained: bool,
    patch: int = 16,
    window: int | None = None,
    drop_path: float = 0.0,
) -> Branch:
    """Make a branch of any network that timm knows by name.

    Position embeddings, and patches of another size than `patch`, are resized bicubically by timm.

    Raises
    ------
    MMReproError
        For an unknown name, with the nearest ones, a network that is neither a plain vision
        transformer nor gives feature maps, or pretrained weights that cannot be had.
    """
    plain = name.partition(".")[0]
    if not timm.is_model(plain):
        raise MMReproError(f"timm knows no network {name!r}: {nearest(plain, timm.list_models())}")
    if plain in timm.list_models(module="vision_transformer"):
        grid_of(size, patch)
        net = _from_timm(name, pretrained=pretrained, img_size=size, patch_size=patch, num_classes=0)
        return ViTBranch(_constant_drop_path(net, drop_path), size, pieces, window)
    refusal = MMReproError(f"{name} gives no feature maps stage by stage; take a plain ViT or a ConvNet.")
    try:
        features = _from_timm(name, pretrained=pretrained, features_only=True)
    except (RuntimeError, AssertionError, AttributeError):
        raise refusal from None
    if not isinstance(features, FeatureListNet):
        raise refusal
    return CNNBranch(features, size, pieces)


def _from_timm(name: str, **options: Any) -> Any:
    try:
        return timm.create_model(name, **options)
    except OSError as error:  # of which the hub's errors are
        raise MMReproError(
            f"The weights of {name} are not here and cannot be fetched ({first_line(error)}); run "
            f"`hf download timm/{name}` where there is a network, and name that machine's cache in HF_HOME."
        ) from None


def _constant_drop_path(net: Any, rate: float) -> Any:
    for block in net.blocks if rate else ():
        block.drop_path1, block.drop_path2 = DropPath(rate), DropPath(rate)
    return net


def _settle_class_token(net: Any, keep: bool) -> int:
    """Drop the class token and its position, unless it is kept; return how many tokens it is."""
    if keep or not net.num_prefix_tokens:
        return int(net.num_prefix_tokens)
    if not net.no_embed_class:
        positions = net.pos_embed.detach()[:, net.num_prefix_tokens :]
        net.pos_embed = nn.Parameter(positions.clone())
    net.cls_token = net.reg_token = None
    net.num_prefix_tokens = 0
    return 0


def _cut(blocks: Sequence[nn.Module], pieces: int) -> list[list[nn.Module]]:
    if pieces < 1 or len(blocks) % pieces:
        raise MMReproError(f"{pieces} interactions do not divide {len(blocks)} blocks; choose a divisor.")
    each = len(blocks) // pieces
    return [list(blocks[start : start + each]) for start in range(0, len(blocks), each)]
