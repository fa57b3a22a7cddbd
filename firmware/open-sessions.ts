import type {MediaEngine, MediaSession, SessionStats} from "../native/index.ts";

/** The engine as the SIP side sees it, which remembers the open sessions so that their statistics can be shown. */
export interface OpenSessions {
    readonly engine: MediaEngine;
    /** Statistics of an open session, null for one that is closed. */
    statsOf(id: number): SessionStats | null;
}

export function openSessionsOf(engine: MediaEngine): OpenSessions {
    const open = new Map<number, MediaSession>();
    const remembered = (session: MediaSession): MediaSession => {
        open.set(session.id, session);
        return {
            id: session.id,
            local: session.local,
            start: (remote) => session.start(remote),
            sendDigit: (digit, ms) => session.sendDigit(digit, ms),
            stats: () => session.stats(),
            close: () => {
                open.delete(session.id);
                session.close();
            },
        };
    };
    return {
        engine: {
            openSession: (address) => remembered(engine.openSession(address)),
            setAudio: (wanted) => engine.setAudio(wanted),
            stats: () => engine.stats(),
            close: () => engine.close(),
        },
        statsOf: (id) => open.get(id)?.stats() ?? null,
    };
}
