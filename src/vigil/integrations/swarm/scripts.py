"""What is asked of a page, each a function that runs within it.

They mean what the steps of a journey mean elsewhere: a user can click and fill what they see and
what is not disabled, and reads text in one line.
"""

READ = """(selector, wanted, most) => {
  const element = document.querySelector(selector);
  if (element === null) return null;
  const text = (element.innerText ?? element.textContent ?? '').replace(/\\s+/g, ' ').trim();
  return [text.includes(wanted), text.slice(0, most), text.length > most];
}"""
"""Whether an element holds a text, how it begins, and whether it goes on; null: it is not there."""

SEEN = """selector => [...document.querySelectorAll(selector)].some(element =>
  element.checkVisibility({ visibilityProperty: true, checkVisibilityCSS: true }))"""

CLICK = """selector => {
  const element = document.querySelector(selector);
  const seen = element?.checkVisibility({ visibilityProperty: true, checkVisibilityCSS: true });
  if (!seen || element.disabled) return null;
  element.focus?.();
  element.click();
  return true;
}"""
"""Null: not there, or not to be clicked yet."""

FILL = """(selector, value) => {
  const field = document.querySelector(selector);
  const seen = field?.checkVisibility({ visibilityProperty: true, checkVisibilityCSS: true });
  if (!seen || field.disabled || field.readOnly) return null;
  if (!['INPUT', 'TEXTAREA', 'SELECT'].includes(field.tagName)) return false;
  field.focus?.();
  // As a user would: scripts that watch a field set by script must hear of it too.
  const kind = Object.getPrototypeOf(field);
  const set = Object.getOwnPropertyDescriptor(kind, 'value')?.set;
  if (set === undefined) field.value = value; else set.call(field, value);
  field.dispatchEvent(new Event('input', { bubbles: true }));
  field.dispatchEvent(new Event('change', { bubbles: true }));
  return true;
}"""
"""Null: not there, or not to be filled in yet; false: nothing that takes a value."""

SUBMIT = """selector => {
  const form = document.querySelector(selector);
  if (form === null) return null;
  if (form.tagName !== 'FORM') return 'is no form';
  const button = [...form.elements].find(element => element.type === 'submit');
  if (button?.disabled) return 'cannot be sent: its button is disabled';
  const invalid = form.noValidate ? null : form.querySelector(
    'input:invalid, select:invalid, textarea:invalid');
  if (invalid !== null) return 'cannot be sent: ' + (invalid.name || invalid.id || 'a field') +
    ' is not valid';
  form.requestSubmit(button);
  return '';
}"""
"""Null: it is not there; empty: it was sent; else what is in the way."""
