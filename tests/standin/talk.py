"""Comments and the chat of live streams: pages of `/youtubei/v1/next` and of the chat's replay."""

import base64
import json
import re
from typing import Any

from .catalogue import Catalogue, Video

Json = dict[str, Any]

_PER_PAGE = 20
_MESSAGES_PER_PAGE = 10
_VIDEO = re.compile(rb"\x12\r\x12\x0b([\w-]{11})\x18")


def comments_page(catalogue: Catalogue, token: str) -> Json:
    """Answer a continuation: the header, a page of comments, or the replies to one."""
    forced = _VIDEO.match(base64.b64decode(token + "==")) if not token.startswith("t") else None
    known: Json = {"video": forced[1].decode()} if forced else _known(token)
    video = catalogue.videos.get(known["video"])
    if video is None or video.comments is None:
        return {"responseContext": {}}
    if forced:
        return _answer("reloadContinuationItemsCommand", [_header(video)], [])
    if "thread" in known:
        numbers = [f"{known['thread']}.{n}" for n in range(video.replies)]
        items = [{"commentViewModel": _keys(video, each)} for each in numbers]
        return _answer("appendContinuationItemsAction", items, _mutations(video, numbers))
    order = list(range(video.comments))[:: 1 if known["sort"] == "top" else -1]
    shown = order[known["at"] : known["at"] + _PER_PAGE]
    threads = [_thread(video, n) for n in shown]
    if (at := known["at"] + _PER_PAGE) < video.comments:
        threads.append(_more(video=video.id, sort=known["sort"], at=at))
    return _answer("reloadContinuationItemsCommand", threads, _mutations(video, map(str, shown)))


def _answer(command: str, items: list[Json], mutations: list[Json]) -> Json:
    return {
        "onResponseReceivedEndpoints": [{command: {"continuationItems": items}}],
        "frameworkUpdates": {"entityBatchUpdate": {"mutations": mutations}},
    }


def _token(**known: Any) -> str:
    """Return a continuation, which has all that the next page needs."""
    return "t" + base64.urlsafe_b64encode(json.dumps(known).encode()).decode().rstrip("=")


def _known(token: str) -> Json:
    known: Json = json.loads(base64.urlsafe_b64decode(token[1:] + "=="))
    return known


def _more(**known: Any) -> Json:
    endpoint = {"continuationCommand": {"token": _token(**known)}}
    return {"continuationItemRenderer": {"continuationEndpoint": endpoint}}


def _header(video: Video) -> Json:
    items = [
        {
            "title": title,
            "serviceEndpoint": {
                "continuationCommand": {"token": _token(video=video.id, sort=sort, at=0)}
            },
        }
        for title, sort in (("Top comments", "top"), ("Newest first", "new"))
    ]
    return {
        "commentsHeaderRenderer": {
            "countText": {"runs": [{"text": str(video.comments)}, {"text": " Comments"}]},
            "sortMenu": {"sortFilterSubMenuRenderer": {"subMenuItems": items}},
        }
    }


def _thread(video: Video, number: int) -> Json:
    thread: Json = {"commentViewModel": {"commentViewModel": _keys(video, str(number))}}
    if video.replies:
        replies = [_more(video=video.id, thread=number)]
        thread["replies"] = {"commentRepliesRenderer": {"contents": replies}}
    return {"commentThreadRenderer": thread}


def _keys(video: Video, number: str) -> Json:
    return {"commentKey": f"c-{video.id}-{number}", "toolbarStateKey": f"t-{video.id}-{number}"}


def _mutations(video: Video, numbers: Any) -> list[Json]:
    return [
        {
            "entityKey": f"c-{video.id}-{number}",
            "payload": {
                "commentEntityPayload": {
                    "properties": {
                        "commentId": f"Ug-{number}",
                        "publishedTime": "2 days ago",
                        "content": {"content": f"Stand-in comment {number}"},
                    },
                    "author": {"channelId": video.channel.id, "displayName": "@visitor"},
                    "toolbar": {"likeCountA11y": "12 likes"},
                }
            },
        }
        for number in numbers
    ]


def conversation(video: Video) -> Json:
    """Build what the watch page of a stream says about its chat."""
    return {"liveChatRenderer": {"continuations": [_reload(video.id, 0)]}}


def _reload(video_id: str, at: int) -> Json:
    return {"reloadContinuationData": {"continuation": _token(video=video_id, at=at)}}


def chat_start(catalogue: Catalogue, token: str) -> Json | None:
    """Build the first data of the chat's page, which leads to the whole replay."""
    video = catalogue.videos.get(_known(token)["video"])
    if video is None:
        return None
    choices = [{"continuation": _reload(video.id, 0)} for _ in range(2)]
    selector = {"sortFilterSubMenuRenderer": {"subMenuItems": choices}}
    header = {"liveChatHeaderRenderer": {"viewSelector": selector}}
    return {"continuationContents": {"liveChatContinuation": {"header": header}}}


def chat_page(catalogue: Catalogue, token: str) -> Json:
    """Answer a continuation of the replay."""
    known = _known(token)
    video = catalogue.videos[known["video"]]
    last = min(known["at"] + _MESSAGES_PER_PAGE, video.chat)
    page: Json = {"actions": [_message(n) for n in range(known["at"], last)]}
    if last < video.chat:
        following = {"continuation": _token(video=video.id, at=last)}
        page["continuations"] = [{"liveChatReplayContinuationData": following}]
    return {"continuationContents": {"liveChatContinuation": page}}


def _message(number: int) -> Json:
    text = {"message": {"runs": [{"text": f"Stand-in message {number}"}]}}
    action = {"addChatItemAction": {"item": {"liveChatTextMessageRenderer": text}}}
    replay = {"actions": [action], "videoOffsetTimeMsec": str(number * 100)}
    return {"replayChatItemAction": replay}
