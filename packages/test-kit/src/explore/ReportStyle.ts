/**
 * How a report looks, by day and by night.
 *
 * @since 0.1.0
 */

/**
 * @since 0.1.0
 * @category constants
 */
export const style = `
:root {
  color-scheme: light dark;
  --page: light-dark(#fff, #16181d); --text: light-dark(#1c1e21, #dfe1e5); --dim: light-dark(#6a7079, #8d939e);
  --line: light-dark(#dcdfe4, #33373f); --panel: light-dark(#f5f6f8, #1e2127);
  --good: light-dark(#17693a, #6fce91); --bad: light-dark(#a8231c, #ff8a80); --fault: light-dark(#8a4b00, #ffb74d);
  --asked: light-dark(#0b4f9e, #8ab8f5); --faultPage: light-dark(#fff3dc, #33280f); --badPage: light-dark(#fdecea, #3a1a18);
  --goodPage: light-dark(#e8f5ec, #14301f);
}
body { margin: 0 auto; padding: 1.5rem; max-width: 100rem; background: var(--page); color: var(--text); font: 14px/1.45 system-ui, sans-serif; }
h1 { font-size: 1.4rem; margin: 0 0 .2rem; } h2 { font-size: 1.1rem; margin: 2rem 0 .6rem; } h3 { font-size: 1rem; margin: 0 0 .3rem; }
p { margin: .3rem 0; } ol, ul { margin: .2rem 0; padding-left: 1.4rem; }
pre, code { font: 12px/1.4 ui-monospace, "DejaVu Sans Mono", monospace; }
pre { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; }
.dim, .quiet, .journal, .held { color: var(--dim); }
.good { color: var(--good); } .bad { color: var(--bad); } .asked { color: var(--asked); } .fault { color: var(--fault); }
.verdict { padding: .7rem 1rem; border-left: .3rem solid; margin: 1rem 0; }
.verdict.good { background: var(--goodPage); } .verdict.bad { background: var(--badPage); }
.panels { display: grid; grid-template-columns: repeat(auto-fit, minmax(20rem, 1fr)); gap: .8rem; }
.panel { background: var(--panel); padding: .7rem 1rem; border-radius: .3rem; overflow-wrap: anywhere; }
.promises { list-style: none; padding: 0; columns: 15rem; } .promises > li { break-inside: avoid; }
table.facts th { text-align: left; font-weight: normal; color: var(--dim); padding-right: 1rem; vertical-align: top; }
table.timeline { border-collapse: collapse; width: 100%; table-layout: fixed; }
.timeline thead th { position: sticky; top: 0; background: var(--page); text-align: left; border-bottom: 2px solid var(--line); padding: .3rem .6rem; }
.timeline tbody th { font-weight: normal; color: var(--dim); text-align: right; vertical-align: top; font-variant-numeric: tabular-nums; }
.timeline th:first-child { width: 5.5rem; padding-right: .8rem; text-align: right; }
.timeline td { padding: .12rem .6rem; vertical-align: top; border-left: 1px solid var(--line); overflow-wrap: anywhere; }
.timeline tbody tr { border-top: 1px solid transparent; } .timeline tr.of-asked { border-top-color: var(--line); }
.timeline td.fault { background: var(--faultPage); } .timeline td.bad { background: var(--badPage); } .timeline td.good { background: var(--goodPage); }
.timeline td.change { padding-left: 1.8rem; } summary { cursor: pointer; color: var(--dim); }
.came { color: var(--good); } .went { color: var(--bad); } .changed { color: var(--fault); }
.choices { margin: .4rem 0; } .choices label { margin-right: 1.2rem; }
body:has(#journal:not(:checked)) .of-journal, body:has(#held:not(:checked)) .of-held, body:has(#change:not(:checked)) .of-change { display: none; }
@media print { .choices { display: none; } .timeline thead th { position: static; } }
`
