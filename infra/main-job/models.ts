/** The models of the main job, with list prices of the kind that providers publish. */
export interface ModelList {
  readonly provider: string;
  readonly model: string;
  /** Dollars per million tokens. */
  readonly input: string;
  readonly cacheRead: string | null;
  readonly output: string;
  /** Above 200,000 prompt tokens every token costs twice as much. */
  readonly hasLongPromptTier: boolean;
}

export const MODELS: readonly ModelList[] = [
  {
    provider: 'openai',
    model: 'gpt-4.1',
    input: '2',
    cacheRead: '0.5',
    output: '8',
    hasLongPromptTier: false,
  },
  {
    provider: 'openai',
    model: 'gpt-4.1-mini',
    input: '0.4',
    cacheRead: '0.1',
    output: '1.6',
    hasLongPromptTier: false,
  },
  {
    provider: 'anthropic',
    model: 'claude-sonnet-4',
    input: '3',
    cacheRead: '0.3',
    output: '15',
    hasLongPromptTier: true,
  },
  {
    provider: 'anthropic',
    model: 'claude-haiku-3.5',
    input: '0.8',
    cacheRead: '0.08',
    output: '4',
    hasLongPromptTier: false,
  },
  {
    provider: 'google',
    model: 'gemini-2.5-pro',
    input: '1.25',
    cacheRead: '0.31',
    output: '10',
    hasLongPromptTier: true,
  },
  {
    provider: 'deepseek',
    model: 'deepseek-chat',
    input: '0.27',
    cacheRead: '0.07',
    output: '1.1',
    hasLongPromptTier: false,
  },
  {
    provider: 'self-hosted',
    model: 'qwen-2.5-72b',
    input: '0.35',
    cacheRead: null,
    output: '0.4',
    hasLongPromptTier: false,
  },
];

/** Not in any book at first. The price of the first arrives after its uses, the other stays in suspense. */
export const LATE_MODEL = { provider: 'openai', model: 'gpt-preview-late' };
export const UNPRICED_MODEL = { provider: 'mistral', model: 'unlisted-model' };
