/**
 * The style of every page: system fonts with Chinese faces, light and dark by the reader's setting, A4 on paper.
 * Colours are variables; charts use the `--chart-…` ones.
 */
const COLORS = `
:root{color-scheme:light dark;--paper:#fefefe;--panel:#f5f7f9;--ink:#1b2530;--muted:#5b6772;--line:#dde3e8;--accent:#0a568c;
--good:#0b6e4f;--good-bg:#e3f4ec;--warn:#8a5300;--warn-bg:#fdf1dc;--bad:#a3230f;--bad-bg:#fce8e4;--info-bg:#e8f1f8;
--chart-ink:#24303b;--chart-muted:#66727e;--chart-grid:#dde3e8;--chart-paper:#fefefe}
@media screen and (prefers-color-scheme:dark){:root{--paper:#14191f;--panel:#1c232b;--ink:#e4e9ee;--muted:#9aa7b3;--line:#313b45;--accent:#7fbdea;
--good:#6fd0a8;--good-bg:#143528;--warn:#f0bd6a;--warn-bg:#3a2c12;--bad:#f59c8b;--bad-bg:#431d16;--info-bg:#18293a;
--chart-ink:#d6dde3;--chart-muted:#9aa7b3;--chart-grid:#313b45;--chart-paper:#14191f}}
`;

const LAYOUT = `
*{box-sizing:border-box}
html{scroll-behavior:smooth;-webkit-text-size-adjust:100%}
body{margin:0;overflow-wrap:anywhere;background:var(--paper);color:var(--ink);font:15px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","Noto Sans CJK SC","PingFang SC","Microsoft YaHei","Source Han Sans SC",sans-serif}
.frame{display:grid;grid-template-columns:210px minmax(0,1fr);max-width:1380px;margin:0 auto}
nav.contents{position:sticky;top:0;align-self:start;max-height:100vh;overflow:auto;padding:28px 8px 28px 22px;font-size:13.5px}
nav.contents ol{list-style:none;margin:0;padding:0}
nav.contents a{display:block;padding:4px 8px;border-radius:5px;color:var(--muted);text-decoration:none}
nav.contents a:hover,nav.contents a:focus-visible{background:var(--panel);color:var(--ink)}
main{padding:30px 30px 60px;min-width:0}
header.title{margin-bottom:22px}
header.title p{margin:4px 0 0;color:var(--muted)}
h1{font-size:27px;line-height:1.25;margin:0;overflow-wrap:anywhere}
h2{font-size:20px;margin:44px 0 10px;padding-top:14px;border-top:1px solid var(--line);scroll-margin-top:8px}
h3{font-size:15.5px;margin:22px 0 8px}
p{margin:8px 0;max-width:78ch;overflow-wrap:anywhere}
a{color:var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px}
:lang(zh){text-autospace:normal}
.muted,.note{color:var(--muted)}
.note{font-size:13.5px}
footer{margin-top:50px;padding-top:14px;border-top:1px solid var(--line);color:var(--muted);font-size:12.5px}
`;

const PARTS = `
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(168px,1fr));gap:12px;margin:14px 0}
.tile{margin:0;background:var(--panel);border-radius:9px;padding:12px 15px;min-width:0}
.tile dt{color:var(--muted);font-size:12.5px;overflow-wrap:anywhere}
.tile dd{margin:2px 0 0;font-size:23px;font-weight:650;line-height:1.25;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.tile .small{font-size:12.5px;font-weight:400;color:var(--muted);display:block;line-height:1.4;margin-top:3px}
dl.tiles dl{margin:0}
.scroll{overflow-x:auto;margin:12px 0;background:linear-gradient(90deg,var(--paper) 30%,transparent),linear-gradient(270deg,var(--paper) 30%,transparent) 100% 0,linear-gradient(90deg,var(--line),transparent),linear-gradient(270deg,var(--line),transparent) 100% 0;background-repeat:no-repeat;background-size:34px 100%,34px 100%,10px 100%,10px 100%;background-attachment:local,local,scroll,scroll}
table{border-collapse:collapse;font-size:13.5px;min-width:min(100%,340px);font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--muted);font-size:13px;padding-bottom:5px}
th,td{padding:5px 18px 5px 0;border-bottom:1px solid var(--line);text-align:left;vertical-align:top;max-width:420px;min-width:3.2em;overflow-wrap:break-word}
th{font-weight:600;color:var(--muted);font-size:12.5px;white-space:nowrap}

tbody th{color:var(--ink);font-size:inherit;white-space:normal;min-width:7em}tbody th.number{min-width:0}td.text{min-width:6.5em}td .small{font-size:12.5px}
td:last-child{max-width:620px}th.number,td.number{text-align:right;white-space:nowrap;min-width:0}
tr.marked td,tr.marked th{background:var(--info-bg)}
.figures{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,400px),1fr));gap:18px 24px;margin:12px 0}
figure{margin:0;min-width:0;break-inside:avoid}
figure.wide{grid-column:1/-1}
figcaption{font-weight:600;font-size:14px;margin-bottom:2px}
figcaption .small{display:block;font-weight:400;color:var(--muted);font-size:12.5px}
figure{overflow-x:auto}svg.chart{display:block;min-width:340px;width:100%;max-width:640px;height:auto}
figure.wide svg.chart{max-width:940px;min-width:660px}
svg.chart text{font-family:inherit}
svg.scene{display:block;max-width:100%;height:auto}
rect.object{fill:none;stroke:var(--good);stroke-width:2}
rect.missed{stroke:var(--warn);stroke-dasharray:6 3}
rect.wrong{stroke:var(--bad);stroke-dasharray:2 2}
svg.swatch{width:11px;height:11px;margin-right:6px;vertical-align:-1px}
text.object{font-size:10px;fill:#fff;stroke:#000;stroke-width:2.5px;paint-order:stroke}
mark.entity{color:inherit;border-radius:4px;padding:0 3px;background:var(--good-bg)}
mark.missed{background:var(--warn-bg)}
mark.wrong{background:var(--bad-bg)}
mark.for{color:inherit;background:var(--good-bg)}
mark.against{color:inherit;background:var(--bad-bg)}
mark.strong{font-weight:600}
rect.for{fill:var(--good)}
rect.against{fill:var(--bad)}
mark .small{font-size:10.5px;color:var(--muted)}
.badge{display:inline-block;border-radius:99px;padding:1px 9px;font-size:12px;font-weight:600;white-space:nowrap;background:var(--panel);color:var(--muted)}
.badge.good{background:var(--good-bg);color:var(--good)}.badge.warn{background:var(--warn-bg);color:var(--warn)}
.badge.bad{background:var(--bad-bg);color:var(--bad)}.badge.info{background:var(--info-bg);color:var(--accent)}
.callout{border-left:4px solid var(--line);background:var(--panel);border-radius:0 7px 7px 0;padding:9px 14px;margin:12px 0;max-width:90ch}
.callout p{margin:2px 0}
.lead{font-size:16.5px;max-width:82ch}
.steps{background:var(--info-bg);border-radius:9px;padding:10px 16px;margin:14px 0;max-width:92ch}
.steps p{margin:0;font-weight:600}.steps ol{margin:4px 0 0;padding-left:22px}.steps li{margin:3px 0}.steps a{color:inherit}
.callout.good{border-color:var(--good);background:var(--good-bg)}.callout.warn{border-color:var(--warn);background:var(--warn-bg)}
.callout.bad{border-color:var(--bad);background:var(--bad-bg)}.callout.info{border-color:var(--accent);background:var(--info-bg)}
details{margin:10px 0;border:1px solid var(--line);border-radius:7px;padding:0 14px}
summary{cursor:pointer;padding:8px 0;font-weight:600;font-size:14px}
details[open]{padding-bottom:10px}
pre{overflow-wrap:normal;background:var(--panel);border-radius:7px;padding:11px 14px;overflow-x:auto;font-size:12.5px;line-height:1.5;white-space:pre;margin:10px 0}
code{font-family:ui-monospace,"SF Mono",Menlo,Consolas,"Noto Sans Mono CJK SC",monospace;font-size:.92em}
.hash{font-family:ui-monospace,Menlo,Consolas,monospace;font-size:12px;overflow-wrap:anywhere}
.bar{display:inline-block;height:8px;border-radius:2px;background:#2b83bf;vertical-align:middle}
`;

/** Beside the text there is room for the contents; on a phone they fold, and tables of sentences become stacks. */
const NARROW = `
details.contents{display:none}
@media screen and (max-width:860px){.frame{display:block}nav.contents{display:none}
details.contents{display:block;font-size:13.5px}details.contents ol{list-style:none;margin:0;padding:0;columns:2}details.contents a{display:block;padding:5px 0;text-decoration:none}
td.text{min-width:9em}td.text:last-child{min-width:15em}main{padding:18px 16px 40px}h1{font-size:22px}h2{margin-top:32px}.lead{font-size:15.5px}
.tiles{grid-template-columns:repeat(auto-fit,minmax(136px,1fr));gap:9px}.tile dd{font-size:19px}}
@media screen and (max-width:640px){
table.stacks,.stacks caption,.stacks tbody,.stacks tr,.stacks th,.stacks td,.stacks td.text:last-child{display:block;min-width:0;max-width:none;padding:2px 0;border:0;text-align:left;white-space:normal}
.stacks thead,.stacks td:empty,.stacks th:empty{display:none}
.stacks tr{border-bottom:1px solid var(--line);padding:9px 0}.stacks tr.marked{padding:9px;background:var(--info-bg)}
.stacks [data-name]::before{content:attr(data-name) ": ";color:var(--muted);font-size:12.5px}}
`;

/** Paper keeps colours of charts, opens what is collapsed, drops navigation, and breaks between blocks. */
const PRINT = `
@page{size:A4;margin:15mm 14mm 16mm}
@media print{:root{color-scheme:light}
body{font-size:10.5pt;-webkit-print-color-adjust:exact;print-color-adjust:exact}
.frame{display:block;max-width:none}nav.contents{display:none}main{padding:0}
h1{font-size:19pt}h2{font-size:13.5pt;margin:20pt 0 5pt;padding-top:7pt;break-after:avoid}h3{font-size:11pt;break-after:avoid}
.tiles{grid-template-columns:repeat(auto-fit,minmax(88pt,1fr));gap:6pt}.tile .small{font-size:8pt}.tile{padding:7pt 9pt;break-inside:avoid}.tile dd{font-size:12pt}.lead{font-size:11pt}.steps{padding:7pt 9pt;break-inside:avoid}
.figures{grid-template-columns:1fr 1fr;gap:10pt 14pt}
.scroll{overflow:visible;background:none}figure{overflow:visible}svg.chart,figure.wide svg.chart{min-width:0}table{font-size:8.8pt;width:100%}th,td{padding:2.5pt 7pt 2.5pt 0;max-width:none}td.text{overflow-wrap:anywhere}tr,.callout,figure,pre{break-inside:avoid}
thead{display:table-header-group}th,th.number,td.number{white-space:normal}.note{break-after:avoid;break-inside:avoid}
details{border:0;padding:0}summary{list-style:none}details::details-content{content-visibility:visible;block-size:auto}
pre{white-space:pre-wrap;overflow-wrap:anywhere;font-size:8.5pt}a{color:inherit;text-decoration:none}
p{orphans:3;widows:3}}
`;

export const PAGE_STYLE = (COLORS + LAYOUT + PARTS + NARROW + PRINT).replace(/\n/g, "");
