/** Processes that may have a way out. A closed list: nothing that came from outside can name one. */
export const EGRESS_CLIENTS = [
  'connector-gmail',
  'connector-imap-smtp',
  'connector-telegram',
  'connector-slack',
  'connector-twilio',
  'connector-webhook',
  'model',
  'stop',
] as const;
export type EgressClient = (typeof EGRESS_CLIENTS)[number];

export interface EgressReasonText {
  /** HTTP status of the answer; 0: known only after the tunnel stood, where TLS has alerts instead. */
  readonly status: number;
  /** One sentence: what is wrong and what to do. */
  readonly message: string;
}

const reason = (status: number, message: string): EgressReasonText => ({ status, message });

/** Every reason for which a way out is refused. Codes never change their meaning. */
export const EGRESS_REASONS = {
  // what was asked
  request_malformed: reason(400, 'this is not a request we know; send `CONNECT name:port HTTP/1.1` and nothing else'),
  method_refused: reason(405, 'only CONNECT is served; datagrams (QUIC) and plain HTTP have no way out'),
  request_too_large: reason(431, 'the request head is too large; send CONNECT and `host` only'),
  request_timeout: reason(408, 'the request did not end in time; send it whole'),
  too_many_connections: reason(503, 'too many connections of this process are open; close one or wait'),
  stopping: reason(503, 'the egress process is being stopped; try again when it runs'),
  // the name and the port
  userinfo: reason(400, 'a user name before `@` is not allowed; give the name only'),
  ip_literal: reason(403, 'an address is never reached, whatever its spelling; list the name of the server'),
  name_not_canonical: reason(
    400,
    'the name must be lower-case ASCII without a final dot (international names as punycode); write it as listed',
  ),
  starttls_port: reason(
    403,
    'this port begins in the clear (STARTTLS); use implicit TLS: 465 for sending mail, 993 for reading it',
  ),
  port_refused: reason(403, 'only ports 443, 465 and 993 have a way out'),
  name_not_listed: reason(
    403,
    'this name is not on the list of this process; it comes with a credential (`hardshell connect`) or not at all',
  ),
  port_not_listed: reason(403, 'this name is listed with another port; use that one'),
  // its addresses
  dns_failed: reason(502, 'the name server did not answer as it should; check the resolvers of this machine'),
  dns_timeout: reason(504, 'the name server did not answer in time; check the resolvers of this machine'),
  dns_no_address: reason(502, 'the name has no address; check its spelling and the resolvers of this machine'),
  dns_too_many: reason(502, 'the name has more addresses than any honest one; somebody may be lying to the resolver'),
  special_address: reason(
    403,
    'the name leads to a private or special address (home network, cloud metadata, NAT64, rebinding); it is not reached',
  ),
  connect_failed: reason(
    502,
    'the server refused the connection; see whether it is up and whether a firewall is between',
  ),
  connect_timeout: reason(
    504,
    'the server did not answer in time; see whether it is up and whether a firewall is between',
  ),
  // what was sent through
  hello_not_tls: reason(403, 'the tunnel carries TLS only and these bytes are something else; begin with TLS'),
  hello_malformed: reason(0, 'the ClientHello could not be read; use a TLS library that keeps to the standard'),
  hello_too_large: reason(0, 'the ClientHello passes 64 KiB; send fewer extensions'),
  hello_timeout: reason(0, 'the ClientHello did not come whole in time; begin TLS as soon as the tunnel stands'),
  hello_ended: reason(0, 'the client ended before its ClientHello was whole'),
  sni_missing: reason(0, 'the ClientHello names no server; set `servername` to the name of the CONNECT'),
  sni_several: reason(0, 'the ClientHello names more than one server; name one'),
  sni_differs: reason(0, 'the ClientHello names another server than the CONNECT; set `servername` to the same name'),
  ech_refused: reason(0, 'the ClientHello hides its server name (ECH, or the grease for it); switch ECH off'),
  server_not_tls: reason(0, 'the server did not answer with TLS; check the port'),
  server_timeout: reason(0, 'the server did not answer the ClientHello in time; see whether it is up'),
} as const satisfies Record<string, EgressReasonText>;
export type EgressReason = keyof typeof EGRESS_REASONS;
