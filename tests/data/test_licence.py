import pytest

from mmrepro.data.licence import licence_url


@pytest.mark.parametrize("licence", ["MIT", "CC-BY-NC-SA-4.0", "ODbL-1.0", "BSD-3-Clause"])
def test_a_licence_of_the_list_has_an_address(licence):
    assert licence_url(licence) == f"https://spdx.org/licenses/{licence}"


@pytest.mark.parametrize(
    "licence",
    [
        "none stated",
        "public domain",
        "LicenseRef-Toy",
        "mit",
        "MIT OR Apache-2.0",
        "CC-BY-4.0 and others",
        "",
    ],
)
def test_other_words_have_none(licence):
    assert licence_url(licence) is None
