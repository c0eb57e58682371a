/**
 * The first question of Grafana's ClickHouse plugin on every connection, answered by hand.
 *
 * Its client reads this one answer in the protocol revision it offers itself, which the embedded engine does not write.
 * An answer that names revision 0 makes the client read everything after it the way the engine does write.
 */

const question = 'select displayname(), version(), revision(), timezone()';

export interface HandshakeFacts {
  readonly displayName: string;
  readonly version: string;
  readonly timezone: string;
}

/** A person may ask the same in words; only a client that states its protocol gets the made answer. */
export function isHandshake(sql: string, url: URLSearchParams): boolean {
  if (!url.has('client_protocol_version')) return false;
  const plain = sql.trim().replace(/;$/, '').replace(/\s+/g, ' ').toLowerCase();
  return plain === question;
}

/** One Native block of one row, with block information and the byte that says no custom serialization. */
export function handshakeAnswer({ displayName, version, timezone }: HandshakeFacts): Buffer {
  const blockInfo = Buffer.from([0x01, 0x00, 0x02, 0xff, 0xff, 0xff, 0xff, 0x00]);
  const columnsAndRows = Buffer.from([4, 1]);
  return Buffer.concat([
    blockInfo,
    columnsAndRows,
    column('displayName()', 'String', text(displayName)),
    column('version()', 'String', text(version)),
    column('revision()', 'UInt32', Buffer.alloc(4)),
    column('timezone()', 'String', text(timezone)),
  ]);
}

function column(name: string, type: string, value: Buffer): Buffer {
  return Buffer.concat([text(name), text(type), Buffer.from([0]), value]);
}

/** A length as a varint, then the bytes. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value, 'utf8');
  const length: number[] = [];
  let rest = bytes.length;
  while (rest >= 0x80) {
    length.push((rest & 0x7f) | 0x80);
    rest >>>= 7;
  }
  length.push(rest);
  return Buffer.concat([Buffer.from(length), bytes]);
}
