// The few pictograms there are, drawn on a grid of 20 with a line of 1.6. All are decoration: what they stand for is written beside them or
// in an aria-label.
const paths = {
  ask: 'M3 4h14v9H9l-4 3.5V13H3z',
  step: 'M3 16h3V9H3zM8.5 16h3V4h-3zM14 16h3v-5h-3z',
  spectrum: 'M2 16h16M4 16V9M7 16v-4M10 16V4M13 16v-6M16 16v-2',
  curve: 'M2.5 3v14h15M5 13.5l3.5-4 3 2 5-6.5',
  search: 'M8.5 14a5.5 5.5 0 1 0 0-11 5.5 5.5 0 0 0 0 11M12.5 12.5L17 17',
  tune: 'M3 6h8M15 6h2M3 14h2M9 14h8M11 4v4h4V4zM5 12v4h4v-4z',
  send: 'M10 16.5V4M5 8.8L10 3.8l5 5',
  stop: 'M5.5 5.5h9v9h-9z',
  close: 'M5 5l10 10M15 5L5 15',
  copy: 'M7 7h9v9H7zM13 7V4H4v9h3',
  help: 'M7.2 7.6a2.9 2.9 0 1 1 4.3 2.6c-1 .6-1.5 1.1-1.5 2.3M10 15.4v.2',
  sun: 'M10 13.2a3.2 3.2 0 1 0 0-6.4 3.2 3.2 0 0 0 0 6.4M10 2.5v1.6M10 15.9v1.6M2.5 10h1.6M15.9 10h1.6M4.7 4.7l1.1 1.1M14.2 14.2l1.1 1.1M4.7 15.3l1.1-1.1M14.2 5.8l1.1-1.1',
  moon: 'M15.8 11.9A6.6 6.6 0 0 1 8.1 4.2a6.6 6.6 0 1 0 7.7 7.7z',
  system: 'M3 4h14v9H3zM7 16.5h6',
  compare: 'M3 4h6v12H3zM11 4h6v12h-6z',
  code: 'M7 5.5L2.5 10 7 14.5M13 5.5l4.5 4.5-4.5 4.5',
  trash: 'M4 6h12M8 6V4h4v2M5.5 6l.8 10h7.4l.8-10',
  key: 'M12.5 10a3.5 3.5 0 1 0-3.1-1.9L3 14.5V17h2.5v-2H7.5v-2L10 10.6',
  up: 'M10 15V5.5M6 9l4-4 4 4',
  down: 'M10 5v9.5M6 11l4 4 4-4',
}

export type IconName = keyof typeof paths

export function Icon({ name, className = 'size-5' }: { name: IconName; className?: string }) {
  return (
    <svg
      viewBox="0 0 20 20"
      className={className}
      fill="none"
      stroke="currentColor"
      strokeWidth="1.6"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
    >
      <path d={paths[name]} />
    </svg>
  )
}

// Mark is the dial of docs/design.md. Its needle sways while an answer is on its way.
export function Mark({ className = 'size-8', busy = false }: { className?: string; busy?: boolean }) {
  return (
    <svg viewBox="0 0 32 32" className={className} aria-hidden="true">
      <g fill="none" strokeLinecap="round" strokeWidth="2.8">
        <path
          className="stroke-ink"
          d="M2.4 21.6L5.8 21.6M5.0 13.6L8.7 16.3M11.8 8.7L13.8 14.9M27.0 13.6L23.3 16.3M29.6 21.6L26.2 21.6"
        />
        <path className={busy ? 'sway stroke-needle' : 'stroke-needle'} d="M16 21.6L20.2 8.7" />
      </g>
      <circle className="fill-needle" cx="16" cy="21.6" r="3.2" />
    </svg>
  )
}
