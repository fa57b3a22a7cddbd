import type {BasicSession, MediaEngine, SessionStats} from "../native/index.ts";

/** Sessions that were closed whose last statistics are kept. */
const remembered = 8;

/** The engine as the SIP side sees it, which remembers the sessions so that their statistics can be shown. */
export interface OpenSessions {
    readonly engine: MediaEngine;
    /** Statistics of a session, of one that was closed lately the last ones; null for one that is not known. */
    statsOf(id: number): SessionStats | null;
}

export function openSessionsOf(engine: MediaEngine): OpenSessions {
    const open = new Map<number, BasicSession>();
    const closed = new Map<number, SessionStats>();
    const keepLast = (session: BasicSession): void => {
        if (!open.delete(session.id)) return;
        closed.set(session.id, session.stats());
        for (const id of closed.keys()) if (closed.size > remembered) closed.delete(id);
    };
    const watched = (session: BasicSession): BasicSession => {
        open.set(session.id, session);
        return {
            id: session.id,
            local: session.local,
            sendDigit: (digit, ms) => session.sendDigit(digit, ms),
            stats: () => session.stats(),
            close: () => {
                keepLast(session);
                session.close();
            },
        };
    };
    return {
        engine: {
            openSession: (address) => {
                const session = engine.openSession(address);
                return {...watched(session), local: session.local, start: (remote) => session.start(remote)};
            },
            openIceSession: (options) => {
                const session = engine.openIceSession(options);
                return {
                    ...watched(session),
                    local: session.local,
                    start: (remote) => session.start(remote),
                    addCandidates: (more) => session.addCandidates(more),
                    restartIce: (anew) => session.restartIce(anew),
                };
            },
            fingerprint: () => engine.fingerprint(),
            setAudio: (wanted) => engine.setAudio(wanted),
            stats: () => engine.stats(),
            close: () => engine.close(),
        },
        statsOf: (id) => open.get(id)?.stats() ?? closed.get(id) ?? null,
    };
}
