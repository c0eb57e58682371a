/** The words of the page in English and Chinese. Data and codes stay as they are in the ledger. */
import { CHECKS_ZH, CODES_ZH, PROBLEMS_ZH, TOTALS_ZH } from './words-zh.js';

/** Each entry is English, Chinese; a function where a value stands inside. */
const WORDS = {
  title: ['Outcome Ledger', '成果账本'],
  skip: ['Skip to content', '跳到正文'],
  language: ['中文', 'English'],
  languageHint: ['切换到中文', 'Switch to English'],
  overview: ['Overview', '总览'],
  proof: ['Proof', '证明'],
  spend: ['Spend by day', '每日成本'],
  quality: ['Models', '模型'],
  balances: ['Balances', '余额'],
  invoices: ['Invoices', '账单'],
  ledger: ['Trial balance', '试算平衡'],
  rejected: ['Not accepted', '未接受的记录'],
  walk: ['Walk down', '逐级追溯'],
  find: ['Find a request', '查找请求'],
  findHint: ['Request id', '请求编号'],
  go: ['Find', '查找'],
  loading: ['Loading…', '加载中…'],
  updated: [(time) => `Read at ${time}`, (time) => `读取时间 ${time}`],
  allHold: [(n) => `All ${n} checks hold`, (n) => `全部 ${n} 项检查通过`],
  someFail: [
    (failed, n) => `${failed} of ${n} checks FAILED`,
    (failed, n) => `${n} 项检查中有 ${failed} 项失败`,
  ],
  ok: ['ok', '通过'],
  failed: ['FAILED', '失败'],
  provedAt: ['proved at', '证明时间'],
  usesSent: ['uses sent', '已发送用量'],
  ranFor: ['fed and worked off in', '发送并处理完毕用时'],
  killed: ['killed in mid-run', '运行中被强制终止'],
  killedBack: [
    (service, before, after) => `${service}: pid ${before} by SIGKILL, back as pid ${after}`,
    (service, before, after) => `${service}：进程 ${before} 被 SIGKILL 终止，以进程 ${after} 恢复`,
  ],
  proofTotals: ['What was counted', '统计结果'],
  spendLead: [
    'What the uses cost us, by UTC day and model. Choose a day to walk down to single requests.',
    '按 UTC 日期和模型统计的用量成本。选择某一天，可逐级追溯到单个请求。',
  ],
  asTable: ['Days as a table', '以表格显示日期'],
  chartLabel: [
    (currency, from, to) =>
      `Spend in ${currency} by day and model, ${from} to ${to}. Arrow keys choose a day.`,
    (currency, from, to) => `${from} 至 ${to} 每日各模型成本（${currency}）。用方向键选择日期。`,
  ],
  otherModels: [(n) => `${n} other models`, (n) => `其他 ${n} 个模型`],
  total: ['Total', '合计'],
  currency: ['Currency', '货币'],
  noPrice: ['XXX (no price yet)', 'XXX（尚无价格）'],
  from: ['From', '从'],
  to: ['To', '到'],
  cut: ['There are more rows than are shown; choose fewer days.', '行数超出显示范围；请缩短日期范围。'],
  nothing: ['Nothing yet', '暂无数据'],
  model: ['Model', '模型'],
  uses: ['Uses', '用量次数'],
  errorRate: ['Errors', '错误率'],
  cacheHits: ['Cache hits', '缓存命中率'],
  qualityLead: [
    'Latency in milliseconds over the same days; cache hits among calls that looked into a cache.',
    '同一时段的延迟（毫秒）；缓存命中率仅统计查询过缓存的调用。',
  ],
  account: ['Account', '账户'],
  available: ['Available', '可用'],
  reserved: ['Reserved', '已预留'],
  held: ['Held', '已冻结'],
  overdraft: ['Overdraft', '透支'],
  entries: ['Entries', '分录数'],
  balancesLead: [
    'The largest overdrafts of each currency; amounts of two currencies are never added.',
    '各货币中透支最大的账户；不同货币的金额从不相加。',
  ],
  largest: [
    (currency, accounts, overdrawn) => `${currency}: ${accounts} accounts, ${overdrawn} overdrawn`,
    (currency, accounts, overdrawn) => `${currency}：${accounts} 个账户，${overdrawn} 个透支`,
  ],
  allAccounts: ['All accounts', '全部账户'],
  invoicesLead: [
    'The newest state of each invoice, the newest period first.',
    '每张账单的最新状态，最近账期在前。',
  ],
  invoice: ['Invoice', '账单'],
  period: ['Period', '账期'],
  status: ['State', '状态'],
  invoiceCount: ['Invoices', '账单数'],
  rounding: ['Rounding', '舍入'],
  lines: ['Lines', '明细行'],
  issued: ['issued', '已开具'],
  draft: ['draft', '草稿'],
  any: ['all', '全部'],
  show: ['Show', '显示'],
  description: ['Description', '说明'],
  charges: ['Charges', '收费'],
  quantity: ['Quantity', '数量'],
  exact: ['Exact', '精确金额'],
  amount: ['Amount', '金额'],
  ledgerLead: [
    'Debits and credits of every ledger account. Per currency both columns have the same sum.',
    '各分类账户的借方与贷方。每种货币的两列合计必须相等。',
  ],
  ledgerAccount: ['Ledger account', '分类账户'],
  debit: ['Debit', '借方'],
  credit: ['Credit', '贷方'],
  balance: ['Balance', '余额'],
  postings: ['Postings', '过账'],
  balanced: ['balanced', '平衡'],
  unbalanced: ['OUT OF BALANCE by', '不平衡，差额'],
  rejectedLead: [
    'Refusals were understood and not accepted; dead letters could not be read. Nothing is dropped silently.',
    '拒绝：已读懂但不接受；死信：无法读取。任何记录都不会被悄悄丢弃。',
  ],
  service: ['Service', '服务'],
  code: ['Code', '代码'],
  kind: ['Kind', '类别'],
  refusal: ['refusal', '拒绝'],
  dead_letter: ['dead letter', '死信'],
  count: ['Count', '数量'],
  meaning: ['Meaning', '含义'],
  wayOut: ['Way out', '处理办法'],
  passing: ['may pass later', '稍后可能被接受'],
  field: ['Field', '字段'],
  message: ['Message', '信息'],
  record: ['Record', '记录'],
  recordedAt: ['Recorded', '记录时间'],
  origin: ['Origin', '来源'],
  cause: ['Cause', '起因'],
  written: ['Written', '写入位置'],
  placeHint: ['topic / partition / offset', '主题 / 分区 / 偏移量'],
  walkLead: ['Choose a day, then an account, a model and a request.', '依次选择日期、账户、模型和请求。'],
  day: ['Day', '日期'],
  cost: ['Cost', '成本'],
  savedByCache: ['Saved by cache', '缓存节省'],
  inputTokens: ['Input tokens', '输入令牌'],
  outputTokens: ['Output tokens', '输出令牌'],
  request: ['Request', '请求'],
  requests: ['Requests', '请求'],
  time: ['Time (UTC)', '时间（UTC）'],
  latency: ['Latency ms', '延迟（毫秒）'],
  costStatus: ['Cost state', '成本状态'],
  order: ['Order', '排序'],
  dearest: ['dearest first', '金额从高到低'],
  slowest: ['slowest first', '延迟从高到低'],
  newest: ['newest first', '时间从新到旧'],
  showMore: [(n) => `Show up to ${n}`, (n) => `最多显示 ${n} 条`],
  moreThan: [(n) => `The first ${n} are shown; there are more.`, (n) => `仅显示前 ${n} 条，还有更多。`],
  theUse: ['The use and what it cost us', '用量及其成本'],
  completion: ['Its cost was completed', '成本补充'],
  theCharge: ['What the customer owes', '客户应付'],
  thePostings: ['How it was booked', '如何入账'],
  theInvoices: ['Invoices it can be on', '可能所在的账单'],
  theRejections: ['Records with this id that were not accepted', '同编号中未被接受的记录'],
  component: ['Component', '组成部分'],
  unitPrice: ['Unit price', '单价'],
  componentSum: ['The components add up to the amount', '各组成部分之和等于总额'],
  componentMismatch: ['The components do NOT add up to the amount', '各组成部分之和与总额不符'],
  priceBook: ['Price book', '价格表'],
  contract: ['Contract', '合同'],
  version: [(name, version) => `${name}, version ${version}`, (name, version) => `${name}，版本 ${version}`],
  none: ['none', '无'],
  apiKey: ['API key', 'API 密钥'],
  project: ['Project', '项目'],
  costCentre: ['Cost centre', '成本中心'],
  useCase: ['Use case', '使用场景'],
  trace: ['Trace', '追踪'],
  allocation: ['Allocation', '分摊方式'],
  suspense: ['Waits for', '等待'],
  lineClass: ['Line class', '行类别'],
  entry: ['Journal entry', '日记账分录'],
  bookedAt: ['Booked', '入账时间'],
  retrying: ['trying again by itself', '正在自动重试'],
  shownBefore: ['What is shown below was read before.', '下方显示的是此前读取的内容。'],
  tryAgain: ['Try again', '重试'],
  troubleTitle: [(code) => TROUBLES[code]?.[0] ?? 'No answer', (code) => TROUBLES[code]?.[1] ?? '没有回应'],
  pageUnknown: ['There is no such page', '没有此页面'],
};

const TROUBLES = {
  analytics_unavailable: ['ClickHouse does not answer', 'ClickHouse 没有回应'],
  analytics_not_ready: ['ClickHouse does not have the tables yet', 'ClickHouse 尚未建好数据表'],
  analytics_denied: ['ClickHouse refuses this user', 'ClickHouse 拒绝了此用户'],
  analytics_too_heavy: ['ClickHouse has too much to do', 'ClickHouse 负载过高'],
  analytics_failed: ['ClickHouse could not answer', 'ClickHouse 无法回答'],
  console_unreachable: ['The console does not answer', '控制台没有回应'],
  proof_missing: ['No proof yet', '尚无证明'],
  proof_unreadable: ['The proof cannot be read', '无法读取证明'],
  parameter_invalid: ['This address is not right', '地址有误'],
  request_unknown: ['No such request', '没有此请求'],
};

const OWN_WAYS_OUT = {
  console_unreachable: 'Start it again; npm start does.',
};

let language = 'en';

export function currentLanguage() {
  return language;
}

export function chooseLanguage(wanted) {
  language = wanted === 'zh' ? 'zh' : 'en';
}

export function t(key, ...values) {
  const word = WORDS[key]?.[language === 'zh' ? 1 : 0];
  if (word === undefined) throw new Error(`no word for ${key}`);
  return typeof word === 'function' ? word(...values) : word;
}

/** A name that the ledger gives, in the language of the reader where it is known and as it is where not. */
export function known(kind, text) {
  return (language === 'zh' ? { checks: CHECKS_ZH, totals: TOTALS_ZH }[kind].get(text) : undefined) ?? text;
}

/** What a refusal's code means, and what to do. */
export function ruleOf({ code, meaning, wayOut }) {
  const chinese = language === 'zh' ? CODES_ZH.get(code) : undefined;
  return { meaning: chinese?.[0] ?? meaning ?? '', wayOut: chinese?.[1] ?? wayOut ?? '' };
}

export function wayOutOf({ code, wayOut }) {
  const english = wayOut === '' ? (OWN_WAYS_OUT[code] ?? '') : wayOut;
  return (language === 'zh' ? PROBLEMS_ZH.get(code) : undefined) ?? english;
}
