/** Hosts as they stand in URIs. Pure. */

/**
 * Whether a host that is known to be a name or an address is an IPv6 address: nothing else has a colon (RFC 3986
 * §3.2.2). It checks no more than that; the expression behind `isIPv6` of node:net takes 15 to 40 ms the first two
 * times, a tenth of the way from start to registered.
 */
export function hasColons(host: string): boolean {
    return host.includes(":");
}

/** `[::1]` for an IPv6 address; anything else as it is. */
export function bracketed(host: string): string {
    return hasColons(host) ? `[${host}]` : host;
}
