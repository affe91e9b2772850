import pytest

from mmrepro.papers.paper import load_paper
from mmrepro.papers.settings import SettingsError, resolve_settings


def test_heads_that_do_not_share_the_width_are_refused_before_anything_runs():
    paper = load_paper("instructcell")
    with pytest.raises(SettingsError, match=r"num_heads: must divide hidden_size, 16 \(it is 5\)"):
        resolve_settings(paper, "smoke", overrides={"num_heads": 5})
    assert resolve_settings(paper, "smoke", overrides={"num_heads": 4}).num_heads == 4
