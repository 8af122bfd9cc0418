"""Which sessions of its database hold up others, whose are they, and do they do anything?"""

from vigil.domain.catalogue import SessionsSource
from vigil.domain.evidence import Finding
from vigil.domain.telemetry import BlockingSession
from vigil.orient.scene import Observation, Scene, saw

LOOKS = 7
EVERY_S = 0.5
"""Those who wait come and go with their time-outs: one look may fall between two of them."""
BLIND_AT = 2
"""Looks that failed: the next ones would only take time."""
LONG_S = 3.0
"""Every transaction holds up others for a moment; it is trouble when it goes on for so long."""


async def look_at_sessions(scene: Scene) -> tuple[Observation, ...]:
    """The sessions that others wait for: leaked by the service, of somebody else, or at work."""
    service, name = scene.service, scene.incident.service
    source = service.telemetry.sessions if service else None
    if source is None:
        return ()
    found: tuple[BlockingSession, ...] = ()
    blind = 0
    for look in range(LOOKS):
        if look:
            await scene.senses.clock.sleep(EVERY_S)
        seen = await scene.senses.sessions.holding_up(name)
        blind += seen is None
        found = tuple(s for s in seen or () if s.transaction_s >= LONG_S) or found
        if blind == BLIND_AT or any(_is_idle(session) for session in found):
            break
    if found:
        return tuple(_observation(source, session) for session in found)
    if blind:
        text = f"The sessions on {source.on} cannot be watched, so nobody knows who blocks whom."
        return (saw(Finding.BLIND, source.on, text),)
    text = f"No session on {source.on} holds up another one for {LONG_S:.0f} s or longer."
    return (saw(Finding.NO_SESSION_BLOCKS, source.on, text),)


def _is_idle(session: BlockingSession) -> bool:
    """It sits in its transaction; a short stop between two statements is still work."""
    return session.idle_in_transaction and session.seconds >= LONG_S


def _observation(source: SessionsSource, session: BlockingSession) -> Observation:
    if not _is_idle(session):
        finding = Finding.SESSION_BUSY
        does = f"is at work in a transaction of {session.transaction_s:.0f} s"
    else:
        own = session.role == source.role
        finding = Finding.SESSION_LEAKED if own else Finding.SESSION_FOREIGN
        does = f"has been idle in a transaction for {session.seconds:.0f} s"
    return saw(
        finding,
        source.on,
        f"Session {session.id} of {session.role or 'the server itself'} "
        f"({session.application or 'without a name'}) {does} and holds up {session.holds_up}.",
        session=session.id,
        role=session.role,
        application=session.application,
        seconds=round(session.seconds, 1),
        holds_up=session.holds_up,
    )
