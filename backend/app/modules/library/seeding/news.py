"""What the demo's people are told: the words that the database itself uses, for what the seed did behind its back."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from app.modules.library.seeding.records import Comment, Group, Member, Notification, Resource, Share
from app.modules.library.seeding.writing import identifier

#: The latest that each user is told, and how many of those are still unread.
KEPT, UNREAD = 12, 4
TITLES = {
    "resource_shared": "Ressource partagée",
    "new_comment": "Nouveau commentaire",
    "group_invitation": "Invitation à un groupe",
}


@dataclass(frozen=True, slots=True)
class News:
    """Something to tell somebody: what it comes from, and what it is about."""

    source: UUID
    user_id: UUID
    type: str
    message: str
    at: datetime
    resource_id: UUID | None = None
    group_id: UUID | None = None


def of_shares(shares: Iterable[Share], resources: Iterable[Resource], names: Mapping[UUID, str]) -> Iterator[News]:
    """To the receivers of shares that last."""
    known = {resource.id: resource for resource in resources}
    for share in shares:
        if share.shared_with_user_id is None or share.expires_at is not None:
            continue
        resource = known[share.resource_id]
        text = f"{names[resource.user_id]} a partagé avec vous « {resource.title} »"
        yield News(share.id, share.shared_with_user_id, "resource_shared", text, share.created_at, resource.id)


def of_comments(
    comments: Iterable[Comment], resources: Iterable[Resource], names: Mapping[UUID, str]
) -> Iterator[News]:
    """To the owners of resources that others comment."""
    known = {resource.id: resource for resource in resources}
    for comment in comments:
        resource = known[comment.resource_id]
        if comment.user_id != resource.user_id:
            text = f"{names[comment.user_id]} a commenté « {resource.title} »"
            yield News(comment.id, resource.user_id, "new_comment", text, comment.created_at, resource.id)


def of_members(members: Iterable[Member], groups: Iterable[Group], names: Mapping[UUID, str]) -> Iterator[News]:
    """To those whom somebody took into a group."""
    known = {group.id: group for group in groups}
    for member in members:
        group = known[member.group_id]
        text = f"{names[group.owner_id]} vous a ajouté au groupe « {group.name} »"
        yield News(member.id, member.user_id, "group_invitation", text, member.added_at, group_id=group.id)


def notifications(news: Iterable[News], users: Sequence[UUID]) -> list[Notification]:
    """The latest news of each user, the newest unread."""
    ordered = sorted(news, key=lambda item: (item.at, item.source), reverse=True)
    rows: list[Notification] = []
    for user in users:
        mine = [item for item in ordered if item.user_id == user][:KEPT]
        rows += [_notification(item, is_read=place >= UNREAD) for place, item in enumerate(mine)]
    return rows


def _notification(news: News, *, is_read: bool) -> Notification:
    return Notification(
        id=identifier("notification", news.source),
        user_id=news.user_id,
        type=news.type,
        title=TITLES[news.type],
        message=news.message,
        resource_id=news.resource_id,
        group_id=news.group_id,
        is_read=is_read,
        created_at=news.at,
        updated_at=news.at,
    )
