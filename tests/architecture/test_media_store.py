"""Archived files are reached through the media store: only it turns a key into a path."""

import ast

from tests.architecture.source import modules


def test_only_the_media_store_converts_keys_to_paths() -> None:
    elsewhere = [
        module.where(node)
        for module in modules("ytarchive")
        if not module.path.startswith("ytarchive/storage/store/")
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Attribute)
        and node.attr == "absolute"
        and "layout" in ast.unparse(node.value)
    ]
    assert not elsewhere
