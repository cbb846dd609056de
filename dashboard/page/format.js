// Numbers and times as people read them. Pure.

export function rate(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "0";
  if (value < 0.1) return "<0.1";
  return value < 10 ? value.toFixed(1) : grouped(value);
}

export function grouped(value) {
  return Math.round(value).toLocaleString("en").replaceAll(",", "\u202f");
}

export function millis(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value < 1) return value.toFixed(2) + " ms";
  if (value < 10) return value.toFixed(1) + " ms";
  if (value < 1000) return Math.round(value) + " ms";
  return (value / 1000).toFixed(value < 10_000 ? 2 : 1) + " s";
}

export function ratio(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "–";
  if (value === 0) return "0 %";
  const percent = value * 100;
  if (percent < 0.01) return "<0.01 %";
  if (percent > 99.99 && percent < 100) return ">99.99 %";
  return percent.toFixed(percent < 9.995 || (percent >= 99 && percent < 100) ? 2 : 0) + " %";
}

// "4 s", "12 min", "3 h 5 min", "2 d 4 h": of a time that has passed, in milliseconds.
export function ago(passed) {
  const seconds = Math.max(0, Math.floor(passed / 1000));
  if (seconds < 60) return seconds + " s";
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return minutes + " min";
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return hours + " h" + (minutes % 60 ? " " + (minutes % 60) + " min" : "");
  return Math.floor(hours / 24) + " d" + (hours % 24 ? " " + (hours % 24) + " h" : "");
}

export function clock(unixMillis) {
  return new Date(unixMillis).toLocaleTimeString("en-GB");
}

export function day(unixMillis) {
  return new Date(unixMillis).toLocaleDateString("en-CA");
}

export function megabytes(value) {
  if (value === null || value === undefined) return "–";
  return value < 1024 ? value + " MiB" : (value / 1024).toFixed(1) + " GiB";
}

export function plural(count, one, many = one + "s") {
  return grouped(count) + " " + (count === 1 ? one : many);
}
