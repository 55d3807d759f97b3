export interface LogLine {
  /** As of syslog: 3 error, 4 warning, 6 information, 7 debug. */
  level: number;
  /** librdkafka's own name of what the line is about, as `FAIL`. */
  facility: string;
  message: string;
}

/** "level facility text", as the addon gives it. */
export function parseLog(text: string): LogLine {
  const [, level = '6', facility = '', message = text] = /^(\d) (\S*) ([\s\S]*)$/.exec(text) ?? [];
  return { level: Number(level), facility, message };
}
