/** What the log says about the zones in which accounts count their months. */
import { parseTimeZone } from '../../schemas/billing-period.ts';
import { decode, partitionsOf, type Source, scan } from './topic-scan.ts';

/** Every zone that any account ever had: a month is over for all when it is over in each of them. */
export async function accountZones(source: Source): Promise<ReadonlySet<string>> {
  const zones = new Set<string>();
  await scan(source, await partitionsOf(source.log, ['accounts']), {
    visit(record) {
      const decoded = decode(source.directory, 'Account', record);
      if (decoded.ok && isZone(decoded.value.timeZone)) zones.add(decoded.value.timeZone);
    },
  });
  return zones;
}

/** A record with a zone that does not exist was refused by the services and closes nothing. */
function isZone(text: string): boolean {
  try {
    parseTimeZone(text);
    return true;
  } catch {
    return false;
  }
}
