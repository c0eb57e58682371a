/** The log port with some of its calls replaced, for faults that the log in memory does not know. */
import type { Log } from '../../topology/log.ts';

export function logWith(log: Log, replaced: Partial<Log>): Log {
  return {
    admin: log.admin,
    clusterId: () => log.clusterId(),
    partitionCount: (topic) => log.partitionCount(topic),
    topicIds: (topics) => log.topicIds(topics),
    bounds: (partitions) => log.bounds(partitions),
    reader: (options) => log.reader(options),
    transactor: (id, options) => log.transactor(id, options),
    append: (records) => log.append(records),
    join: (group, partitions) => log.join(group, partitions),
    close: () => log.close(),
    ...replaced,
  };
}
