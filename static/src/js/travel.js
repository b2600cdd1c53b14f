// Travelling in two times: each slider steps through what there is and writes into the exact field beside it, which is what is
// sent. Without scripts the sliders stay hidden and the fields are a plain form.

// The place of the last step that is not after a value.
const placeOf = (values, value) => values.reduce((place, one, index) => (one <= value ? index : place), 0);

function travel(form) {
  const { days, steps } = JSON.parse(form.querySelector("[data-travel-steps]").textContent);
  const numbers = steps.map(([number]) => number);
  const [day, known] = ["days", "steps"].map((name) => form.querySelector(`[data-steps="${name}"]`));
  const { on: dayField, known: knownField, known_on: endOfDay } = form.elements;
  const said = form.querySelector("[data-step-said]");

  const show = () => {
    const [number, moment, kind] = steps[known.value];
    said.textContent = `${number}  ${moment}  ${kind}`;
    known.setAttribute("aria-valuetext", said.textContent);
    day.setAttribute("aria-valuetext", days[day.value]);
  };
  const follow = () => {
    day.value = placeOf(days, dayField.value);
    known.value = placeOf(numbers, Number(knownField.value));
    show();
  };

  day.max = days.length - 1;
  known.max = steps.length - 1;
  for (const range of [day, known]) range.hidden = false;
  day.addEventListener("input", () => { dayField.value = days[day.value]; show(); });
  known.addEventListener("input", () => { knownField.value = numbers[known.value]; show(); });
  endOfDay.addEventListener("change", () => {
    if (!endOfDay.value) return;
    const until = steps.filter(([, moment]) => moment.slice(0, 10) <= endOfDay.value);
    knownField.value = until.length ? until[until.length - 1][0] : 0;
    endOfDay.value = "";
    follow();
  });
  for (const field of [dayField, knownField]) field.addEventListener("change", follow);
  follow();
}

for (const form of document.querySelectorAll("form[data-travel]")) travel(form);
