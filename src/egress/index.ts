export { parseEgressLists, type AllowList } from './allow-list.ts';
export { parseClientHello, type ParsedHello } from './client-hello.ts';
export { HandshakeReader, type HandshakeRead } from './handshake-reader.ts';
export { EGRESS_LIMITS, type EgressLimits } from './limits.ts';
export { resolveOnce, systemResolver, type NameResolver, type Resolved } from './resolve.ts';
export { serveEgress, type EgressListener, type ServeEgressOptions } from './serve-egress.ts';
export { isSpecialAddress } from './special.ts';
export { parseTarget, type ParsedTarget, type Target } from './target.ts';
