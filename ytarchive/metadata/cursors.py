"""Where a reader of a playlist stands, as an opaque text."""

import base64
from typing import Self

from pydantic import BaseModel, ConfigDict, Field

from ytarchive.common.channel_lists import channel_and_tab, is_channel_name, is_own_list, tab_list
from ytarchive.common.cursors import refused_cursor

_LONGEST = 512


class Cursor(BaseModel):
    """The pass that is read, and the position of the next entry wanted.

    How the pass goes on (page token or session) is kept with the pass; if that was lost, the list
    is gone through again up to the position.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    listing_id: int = Field(alias="l", ge=1, lt=2**63)
    playlist_id: str = Field(alias="i")
    position: int = Field(alias="p", ge=0, lt=2**53)

    def encode(self) -> str:
        """The text to give out."""
        return base64.urlsafe_b64encode(self.model_dump_json(by_alias=True).encode()).decode()

    @classmethod
    def decode(cls, text: str, source: str) -> Self:
        """The cursor in a text given for `source`. Raises InvalidRequest."""
        try:
            cursor = cls.model_validate_json(base64.urlsafe_b64decode(text[:_LONGEST]))
        except ValueError:
            raise refused_cursor() from None
        if not cursor.belongs_to(source):
            raise refused_cursor("given out for another playlist")
        return cursor

    def belongs_to(self, source: str) -> bool:
        """Whether it can have been given out for a playlist id, channel id or channel's name."""
        named = channel_and_tab(source)
        if named is None:
            return self.playlist_id == source
        if is_channel_name(named[0]):
            return is_own_list(self.playlist_id) or self.playlist_id == source
        return self.playlist_id == tab_list(*named)
