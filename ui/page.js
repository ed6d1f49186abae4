// Where the keyboard goes on when a rerun has taken away what had the focus: Streamlit lets it fall to the page's beginning.
// A place is a container whose key begins with "focus-" (ui/focus.py), or the box in which one asks.
(() => {
  if (window.coachFocus) return;
  const PLACES = '[class*="st-key-focus-"], .st-key-question';
  const CONTROL = 'textarea, input, button';
  const PATIENCE = 150; // a dialog that closes gives the focus back by itself, a moment later
  let held = null;
  let lost = false;
  let touched = false;

  const idle = () => !document.activeElement || document.activeElement === document.body;

  const land = () => {
    if (!lost || !idle()) return;
    const place = document.querySelector(PLACES);
    if (!place) return;
    const control = place.querySelector(CONTROL) || place;
    if (control === place) place.tabIndex = -1;
    control.focus();
    lost = idle();
  };

  const look = () => {
    if (held && !held.isConnected) {
      held = null;
      lost = idle() && !touched;
    }
    if (lost) setTimeout(land, PATIENCE);
  };

  document.addEventListener('focusin', (event) => { held = event.target; lost = false; });
  // On a phone, a box that takes the focus by itself covers half the page with its keyboard.
  document.addEventListener('pointerdown', (event) => { touched = event.pointerType === 'touch'; lost = false; }, true);
  document.addEventListener('keydown', () => { touched = false; }, true);
  new MutationObserver(look).observe(document.body, { childList: true, subtree: true });
  window.coachFocus = true;
})();
