// Icons, drawn here so that nothing is fetched.

import type { ComponentChildren, JSX } from 'preact';

function Icon({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linecap="round" stroke-linejoin="round">
      {children}
    </svg>
  );
}

export const Bell = (): JSX.Element => (
  <svg class="icon" viewBox="0 0 24 24" aria-hidden="true" fill="currentColor">
    <path d="M12 2.5a1.5 1.5 0 0 1 1.5 1.6c3 .8 4.7 3.3 4.7 6.5 0 3.8.8 5.2 2.1 6.3.5.4.2 1.3-.5 1.3H4.2c-.7 0-1-.9-.5-1.3 1.3-1.1 2.1-2.5 2.1-6.3 0-3.2 1.7-5.7 4.7-6.5A1.5 1.5 0 0 1 12 2.5Zm-2.5 17h5a2.5 2.5 0 0 1-5 0Z" />
  </svg>
);
export const Plus = (): JSX.Element => <Icon><path d="M12 5v14M5 12h14" /></Icon>;
export const Back = (): JSX.Element => <Icon><path d="m15 5-7 7 7 7" /></Icon>;
export const Close = (): JSX.Element => <Icon><path d="m6 6 12 12M18 6 6 18" /></Icon>;
export const Send = (): JSX.Element => <Icon><path d="M12 19V5m0 0-6 6m6-6 6 6" /></Icon>;
export const Pencil = (): JSX.Element => <Icon><path d="m4 20 1-4L16.5 4.5a2.1 2.1 0 0 1 3 3L8 19l-4 1Z" /></Icon>;
export const Redact = (): JSX.Element => <Icon><path d="M5 7h14M10 4h4M7 7l1 13h8l1-13M10.5 11v5M13.5 11v5" /></Icon>;
export const People = (): JSX.Element => (
  <Icon><circle cx="9" cy="8" r="3.5" /><path d="M3 19.5c.4-3.3 2.7-5.5 6-5.5s5.6 2.2 6 5.5M15.5 4.8a3.5 3.5 0 0 1 0 6.4M17.5 14.4c2 .8 3.2 2.6 3.5 5.1" /></Icon>
);
export const AddPerson = (): JSX.Element => (
  <Icon><circle cx="10" cy="8" r="3.5" /><path d="M3.5 19.5c.4-3.3 2.9-5.5 6.5-5.5 1.3 0 2.4.3 3.4.8M18 13.5v6M15 16.5h6" /></Icon>
);
export const Switch = (): JSX.Element => <Icon><path d="M4 8h14m0 0-4-4m4 4-4 4M20 16H6m0 0 4-4m-4 4 4 4" /></Icon>;
