'use strict';
/* Draws every chart of the page from the JSON that lies in it. Loads nothing. */
(function () {
    var data = JSON.parse(document.getElementById('data').textContent);
    var main = document.getElementById('main');
    var svgns = 'http://www.w3.org/2000/svg';
    var COLOURS = 8, patterns = 0;
    var dashes = ['', '7 4', '2 3', '10 3 2 3', '4 2', '12 4', '1 2', '8 2 2 2 2 2'];
    var stages = ['read_s', 'decode_s', 'process_s', 'encode_s', 'write_s', 'wait_s'];

    /* ---- small things ---- */

    function node(name, attributes, children) {
        var n = document.createElement(name);
        Object.keys(attributes || {}).forEach(function (k) { n.setAttribute(k, attributes[k]); });
        [].concat(children === undefined ? [] : children).forEach(function (c) {
            n.appendChild(typeof c === 'object' ? c : document.createTextNode(c));
        });
        return n;
    }
    function draw(parent, name, attributes, text) {
        var n = document.createElementNS(svgns, name);
        Object.keys(attributes).forEach(function (k) { n.setAttribute(k, attributes[k]); });
        if (text !== undefined) n.textContent = text;
        parent.appendChild(n);
        return n;
    }
    function colour(i) { return 'var(--c' + i % COLOURS + ')'; }
    function digits(x, n) { return x === null || x === undefined ? '-' : Number(x).toFixed(n); }
    function seconds(x) { return x === null || x === undefined ? '-' : x < 0.1 ? digits(1e3 * x, 2) + ' ms' : digits(x, 3) + ' s'; }
    function mib(x) { return x === null || x === undefined ? '-' : digits(x / 1048576, 1) + ' MiB'; }
    function counts(c) { return c.wall && !c.error; }
    function steps(most, n) {
        var raw = most / n, size = Math.pow(10, Math.floor(Math.log10(raw))), unit = raw / size;
        size *= unit <= 1 ? 1 : unit <= 2 ? 2 : unit <= 5 ? 5 : 10;
        var list = [];
        for (var x = 0; x <= most * 1.0001; x += size) list.push(Number(x.toPrecision(12)));
        return list;
    }
    function section(title, text) {
        var s = node('section', {}, [node('h2', {}, title)]);
        if (text) s.appendChild(node('p', { 'class': 'soft' }, text));
        main.appendChild(s);
        return s;
    }
    function chart(parent, id, label, width, height) {
        var f = node('figure', { id: id });
        var s = draw(f, 'svg', { viewBox: '0 0 ' + width + ' ' + height, role: 'img', 'aria-label': label });
        parent.appendChild(f);
        draw(s, 'title', {}, label);
        return s;
    }
    function marker(s, kind, x, y, fill) {
        var shapes = ['M-4,-4h8v8h-8z', 'M0,-5L5,4H-5z', 'M0,-5.5L5.5,0L0,5.5L-5.5,0z', 'M0,5L5,-4H-5z',
                      'M-5,-1.5h3.5v-3.5h3v3.5h3.5v3h-3.5v3.5h-3v-3.5h-3.5z', 'M-4,-4L4,4M-4,4L4,-4'];
        if (kind % 7 === 0) return draw(s, 'circle', { cx: x, cy: y, r: 4.5, fill: fill });
        return draw(s, 'path', { d: shapes[kind % 7 - 1], transform: 'translate(' + x + ' ' + y + ')', fill: fill, stroke: fill });
    }
    /* A fill that is told apart without colour: one pattern of lines or dots for each number. */
    function pattern(s, i) {
        var id = 'p' + patterns++, defs = s.querySelector('defs') || draw(s, 'defs', {});
        var p = draw(defs, 'pattern', { id: id, width: 8, height: 8, patternUnits: 'userSpaceOnUse',
                                        patternTransform: i === 2 ? 'rotate(90)' : i === 1 ? 'rotate(45)' : i === 3 ? 'rotate(-45)' : 'rotate(0)' });
        draw(p, 'rect', { width: 8, height: 8, fill: colour(i), 'fill-opacity': i === 5 ? 0.12 : 0.75 });
        if (i >= 1 && i <= 3) draw(p, 'path', { d: 'M0,2H8', stroke: 'var(--paper)', 'stroke-width': i === 3 ? 3 : 1.6 });
        if (i === 4) draw(p, 'circle', { cx: 4, cy: 4, r: 1.8, fill: 'var(--paper)' });
        if (i === 5) draw(p, 'circle', { cx: 4, cy: 4, r: 1, fill: 'var(--ink)' });
        return 'url(#' + id + ')';
    }

    /* ---- what is shown ---- */

    var used = data.use ? data.cases[data.use.case] : null;
    var group = used ? used.group : 0;
    var rows = data.cases.filter(counts);
    var curves = data.curves.filter(function (k) { return k.group === group && k.mode !== 'serial'; });
    function name(k) { return k.mode + (k.setting ? ' ' + k.setting : ''); }

    function head() {
        document.getElementById('title').textContent = 'chunkimg bench: ' + data.input.path;
        document.title = 'chunkimg bench: ' + data.input.path;
        document.getElementById('subtitle').textContent = data.input.width + ' x ' + data.input.height + ', ' + data.input.channels +
            ' channels of ' + data.input.depth + ' bit, ' + data.input.format + '; ' + data.work.ops +
            (data.work.format ? ', ' + data.work.format : '') + ', ' + data.work.output + '; ' + data.machine.when +
            (data.preset ? '; preset ' + data.preset : '') + '; chunkimg ' + data.version;
        var answer = node('div', { 'class': 'answer', id: 'answer' });
        data.conclusion.forEach(function (t) { answer.appendChild(node('p', {}, t)); });
        if (data.use) answer.appendChild(node('code', {}, data.use.command));
        main.appendChild(answer);
        if (!data.complete) main.appendChild(node('p', { 'class': 'warning' }, 'Not complete: what is shown is what was finished.'));
        data.machine.warnings.forEach(function (t) { main.appendChild(node('p', { 'class': 'warning' }, 'Warning: ' + t)); });
        data.findings.forEach(function (t) { main.appendChild(node('p', {}, t)); });
    }

    /* ---- curves over workers ---- */

    function axes(s, box, xs, ys, xlabel, ylabel, x, y, format) {
        ys.forEach(function (v) {
            draw(s, 'path', { 'class': 'grid', d: 'M' + box.left + ',' + y(v) + 'H' + box.right });
            draw(s, 'text', { 'class': 'soft', x: box.left - 6, y: y(v) + 4, 'text-anchor': 'end' }, format(v));
        });
        xs.forEach(function (v) {
            draw(s, 'path', { 'class': 'axis', d: 'M' + x(v) + ',' + box.bottom + 'v4' });
            draw(s, 'text', { 'class': 'soft', x: x(v), y: box.bottom + 17, 'text-anchor': 'middle' }, String(v));
        });
        draw(s, 'path', { 'class': 'axis', d: 'M' + box.left + ',' + box.top + 'V' + box.bottom + 'H' + box.right });
        draw(s, 'text', { x: (box.left + box.right) / 2, y: box.bottom + 34, 'text-anchor': 'middle' }, xlabel);
        draw(s, 'text', { x: box.left - 34, y: box.top - 10 }, ylabel);
    }
    function polyline(points) { return points.map(function (p, i) { return (i ? 'L' : 'M') + p[0].toFixed(1) + ',' + p[1].toFixed(1); }).join(''); }

    /* Labels at the ends of lines, moved apart where they would lie upon each other. */
    function endLabels(s, labels, top, bottom) {
        labels.sort(function (a, b) { return a.y - b.y; });
        labels.forEach(function (l, i) { if (i) l.y = Math.max(l.y, labels[i - 1].y + 13); });
        var over = labels.length ? labels[labels.length - 1].y - bottom : 0;
        if (over > 0) labels.forEach(function (l) { l.y -= over; });
        labels.forEach(function (l) { draw(s, 'text', { x: l.x, y: l.y + 4, style: 'fill:' + l.fill }, l.text); });
    }

    function curve(parent, id, title, ylabel, value, ideal, law, format) {
        var width = 560, height = 340, box = { left: 52, right: 430, top: 34, bottom: 290 };
        var s = chart(parent, id, title, width, height), most = 1, top = 0, labels = [];
        curves.forEach(function (k) {
            k.cases.forEach(function (i) {
                var v = value(data.cases[i]);
                most = Math.max(most, data.cases[i].workers);
                if (v) top = Math.max(top, v.high);
            });
        });
        top = Math.max(top * 1.08, ideal(1) * 1.15);
        var least = 1, span = Math.max(most - least, 1);
        var x = function (v) { return box.left + 14 + (v - least) / span * (box.right - box.left - 28); };
        var y = function (v) { return box.bottom - Math.min(v / top, 1.02) * (box.bottom - box.top); };
        var xs = []; curves.forEach(function (k) { k.cases.forEach(function (i) { if (xs.indexOf(data.cases[i].workers) < 0) xs.push(data.cases[i].workers); }); });
        axes(s, box, xs, steps(top, 5), 'workers', ylabel, x, y, format);
        var line = [];
        for (var w = 1; w <= most + 1e-9; w += span / 60) if (ideal(w) <= top) line.push([x(w), y(ideal(w))]);
        draw(s, 'path', { d: polyline(line), stroke: 'var(--soft)', 'stroke-width': 1, 'stroke-dasharray': '3 3', fill: 'none' });
        labels.push({ x: line[line.length - 1][0] + 6, y: line[line.length - 1][1], text: 'ideal', fill: 'var(--soft)' });
        curves.forEach(function (k, i) {
            var points = [];
            k.cases.forEach(function (j) {
                var c = data.cases[j], v = value(c);
                if (!v) return;
                var px = x(c.workers) + (i - (curves.length - 1) / 2) * 4; /* beside each other, not upon */
                points.push([px, y(v.value)]);
                draw(s, 'path', { d: 'M' + px + ',' + y(v.low) + 'V' + y(v.high) + 'M' + (px - 3) + ',' + y(v.low) + 'h6M' + (px - 3) + ',' + y(v.high) + 'h6',
                                  stroke: colour(i), 'stroke-width': 1.2, fill: 'none' });
            });
            if (!points.length) return;
            draw(s, 'path', { d: polyline(points), stroke: colour(i), 'stroke-width': 1.8, 'stroke-dasharray': dashes[i % dashes.length], fill: 'none' });
            points.forEach(function (p) { marker(s, i, p[0], p[1], colour(i)); });
            labels.push({ x: box.right + 4, y: points[points.length - 1][1], text: name(k), fill: colour(i) });
            ['amdahl', 'usl'].forEach(function (l) {
                if (!k[l]) return;
                var lawLine = [];
                for (var w = 1; w <= most + 1e-9; w += span / 60) lawLine.push([x(w), y(law(k, k[l], w))]);
                draw(s, 'path', { d: polyline(lawLine), stroke: colour(i), 'stroke-width': 0.9, 'stroke-opacity': 0.75,
                                  'stroke-dasharray': l === 'usl' ? '1 3' : '6 6', fill: 'none' });
            });
        });
        endLabels(s, labels, box.top, box.bottom);
    }
    function lawAt(f, w) { return f.lambda * w / (1 + f.sigma * (w - 1) + f.kappa * w * (w - 1)); }
    function serialOf(g) { return rows.filter(function (c) { return c.group === g && c.reference; })[0]; }

    function scaling() {
        if (!curves.length) return;
        var serial = serialOf(group);
        var s = section('Speed-up and efficiency', 'Against serial, medians with 95 % intervals. Thin lines: Amdahl\'s law (long dashes) and the ' +
            'Universal Scalability law (dots), where four numbers of workers were measured.');
        var pair = node('div', { 'class': 'pair' });
        s.appendChild(pair);
        curve(pair, 'speedup', 'Speed-up against serial over workers', 'times serial', function (c) { return c.speedup; },
              function (w) { return w; }, function (k, f, w) { return lawAt(f, w) / serial.throughput_mpps; }, String);
        curve(pair, 'efficiency', 'Efficiency over workers', 'speed-up / workers, %', function (c) {
            return c.speedup && { value: 100 * c.speedup.value / c.workers, low: 100 * c.speedup.low / c.workers, high: 100 * c.speedup.high / c.workers };
        }, function () { return 100; }, function (k, f, w) { return 100 * lawAt(f, w) / serial.throughput_mpps / w; }, String);
        var laws = curves.filter(function (k) { return k.usl; });
        if (!laws.length) return;
        s.appendChild(table('laws', ['mode', 'Amdahl: serial share', 'misses by', 'USL: sigma', 'kappa', 'peak, workers', 'misses by'], laws.map(function (k) {
            return [name(k), digits(100 * k.amdahl.sigma, 2) + ' %', digits(100 * k.amdahl.error, 1) + ' %', digits(k.usl.sigma, 4), digits(k.usl.kappa, 6),
                    k.usl.peak === null ? 'none' : digits(k.usl.peak, 1), digits(100 * k.usl.error, 1) + ' %'];
        })));
    }

    /* ---- bars ---- */

    function legend(s, x, y, entries) {
        entries.forEach(function (e) {
            draw(s, 'rect', { x: x, y: y - 10, width: 14, height: 12, fill: e.fill, stroke: 'var(--soft)', 'stroke-width': 0.6 });
            draw(s, 'text', { x: x + 19, y: y }, e.text);
            x += 34 + 7 * e.text.length;
        });
    }
    function bars(parent, id, title, cases, parts, unit, format) {
        var width = 1100, line = 24, top = 46, left = 190, right = 960, height = top + line * cases.length + 34;
        var s = chart(parent, id, title, width, height), fills = parts.map(function (p) { return pattern(s, p.fill); });
        var most = Math.max.apply(null, cases.map(function (c) { return parts.reduce(function (sum, p) { return p.beside ? Math.max(sum, p.of(c)) : sum + p.of(c); }, 0); })) || 1;
        var x = function (v) { return left + v / most * (right - left); };
        legend(s, left, 16, parts.map(function (p, i) { return { fill: fills[i], text: p.text }; }));
        steps(most, 6).forEach(function (v) {
            draw(s, 'path', { 'class': 'grid', d: 'M' + x(v) + ',' + (top - 6) + 'V' + (top + line * cases.length) });
            draw(s, 'text', { 'class': 'soft', x: x(v), y: top + line * cases.length + 16, 'text-anchor': 'middle' }, v + unit);
        });
        cases.forEach(function (c, row) {
            var at = 0, y = top + row * line;
            draw(s, 'text', { x: left - 8, y: y + 13, 'text-anchor': 'end', 'font-weight': c === used ? 700 : 400 }, c.label);
            parts.forEach(function (p, i) {
                var v = p.of(c);
                if (p.line) { draw(s, 'path', { d: 'M' + x(v) + ',' + (y - 1) + 'v18', stroke: 'var(--ink)', 'stroke-width': 2 }); return; }
                if (v <= 0) return;
                var r = draw(s, 'rect', { x: x(at), y: y, width: Math.max(x(at + v) - x(at), 0.5), height: 16, fill: fills[i], stroke: 'var(--soft)', 'stroke-width': 0.5 });
                draw(r, 'title', {}, c.label + ', ' + p.text + ': ' + format(v));
                at += v;
            });
            draw(s, 'text', { 'class': 'soft', x: x(Math.max(at, parts.reduce(function (m, p) { return p.line ? Math.max(m, p.of(c)) : m; }, 0))) + 7, y: y + 13 }, format(at, c));
        });
    }
    function figure(c, key) { return c.figures[key] || 0; }

    function work() {
        var s = section('Where the time goes', 'Busy seconds of all workers together; wait is what is left of workers x wall.');
        bars(s, 'stages', 'Seconds in each stage, for each case', rows, stages.map(function (k, i) {
            return { text: k.replace('_s', ''), fill: i, of: function (c) { return figure(c, k); } };
        }), ' s', seconds);
    }
    function memory() {
        var s = section('Memory', 'Peak of all processes, shared pages divided; the upright mark is what the plan allows.');
        bars(s, 'memory', 'Peak memory of each case against its plan', rows, [
            { text: 'peak memory', fill: 0, of: function (c) { return figure(c, 'peak_memory_bytes') / 1048576; } },
            { text: 'planned', fill: 5, line: true, beside: true, of: function (c) { return c.planned_bytes / 1048576; } }
        ], ' MiB', function (v, c) { return c ? digits(v, 1) + ' of ' + mib(c.planned_bytes) : digits(v, 1) + ' MiB'; });
    }

    /* ---- heat map: tile size by workers ---- */

    function heat() {
        var groups = [];
        rows.forEach(function (c) { if (groups.indexOf(c.group) < 0) groups.push(c.group); });
        var modes = [];
        rows.forEach(function (c) { if (!c.reference && modes.indexOf(c.mode) < 0) modes.push(c.mode); });
        if (groups.length < 2 || !modes.length) return;
        var s = section('Tile size by workers', 'MP/s; darker is faster, and the fastest is framed.');
        var pair = node('div', { 'class': 'pair' }); s.appendChild(pair);
        var best = Math.max.apply(null, rows.map(function (c) { return c.throughput_mpps; }));
        modes.forEach(function (mode) {
            var own = rows.filter(function (c) { return c.mode === mode; }), workers = [];
            own.forEach(function (c) { if (workers.indexOf(c.workers) < 0) workers.push(c.workers); });
            var cell = Math.min(92, 400 / workers.length), h = 34, g = chart(pair, 'heat-' + mode, 'Throughput of ' + mode + ' over tile size and workers', 540, 60 + h * groups.length);
            draw(g, 'text', { x: 120, y: 14, 'font-weight': 700 }, mode);
            workers.forEach(function (w, i) { draw(g, 'text', { 'class': 'soft', x: 120 + cell * (i + 0.5), y: 34, 'text-anchor': 'middle' }, w + (w === 1 ? ' worker' : ' workers')); });
            groups.forEach(function (gr, row) {
                var first = own.filter(function (c) { return c.group === gr; })[0];
                if (first) draw(g, 'text', { x: 112, y: 62 + row * h, 'text-anchor': 'end' }, first.tiles.width + ' x ' + first.tiles.height);
                workers.forEach(function (w, i) {
                    var c = own.filter(function (o) { return o.group === gr && o.workers === w; })
                        .sort(function (a, b) { return b.throughput_mpps - a.throughput_mpps; })[0];
                    if (!c) return;
                    var share = c.throughput_mpps / best;
                    draw(g, 'rect', { x: 120 + cell * i, y: 42 + row * h, width: cell - 3, height: h - 4, fill: 'var(--c0)', 'fill-opacity': 0.08 + 0.6 * share * share,
                                      stroke: c.throughput_mpps === best ? 'var(--ink)' : 'none', 'stroke-width': 2 });
                    draw(g, 'text', { x: 120 + cell * (i + 0.5) - 1, y: 62 + row * h, 'text-anchor': 'middle' }, digits(c.throughput_mpps, 1));
                });
            });
        });
    }

    /* ---- distribution of runs ---- */

    function distribution() {
        var s = section('Every run', 'A circle is a run, the bar its median, the band its 95 % interval. ~: unstable.');
        var width = 1100, line = 24, top = 16, left = 190, right = 1000, height = top + line * rows.length + 34;
        var g = chart(s, 'runs', 'Wall time of every run of every case', width, height), most = 0;
        rows.forEach(function (c) { most = Math.max(most, c.wall.max); });
        var x = function (v) { return left + v / most * (right - left); };
        steps(most, 8).forEach(function (v) {
            draw(g, 'path', { 'class': 'grid', d: 'M' + x(v) + ',' + top + 'V' + (top + line * rows.length) });
            draw(g, 'text', { 'class': 'soft', x: x(v), y: top + line * rows.length + 16, 'text-anchor': 'middle' }, v + ' s');
        });
        rows.forEach(function (c, row) {
            var y = top + row * line + line / 2, every = Math.ceil(c.wall_s.length / 300);
            draw(g, 'text', { x: left - 8, y: y + 4, 'text-anchor': 'end', 'font-weight': c === used ? 700 : 400 }, c.label + (c.wall.unstable ? ' ~' : ''));
            draw(g, 'rect', { x: x(c.wall.low), y: y - 9, width: Math.max(x(c.wall.high) - x(c.wall.low), 1), height: 18, fill: 'var(--c0)', 'fill-opacity': 0.22 });
            c.wall_s.forEach(function (v, i) {
                if (i % every === 0) draw(g, 'circle', { cx: x(v), cy: y + ((i * 7) % 9 - 4), r: 2.4, fill: 'none', stroke: 'var(--ink)', 'stroke-opacity': 0.7, 'stroke-width': 0.9 });
            });
            draw(g, 'path', { d: 'M' + x(c.wall.median) + ',' + (y - 10) + 'v20', stroke: 'var(--c1)', 'stroke-width': 2.4 });
        });
    }

    /* ---- what each worker did ---- */

    function timelines() {
        if (!data.timelines || !data.timelines.length) return;
        var kinds = ['fill', 'tile', 'drain'];
        var s = section('What each worker did', 'One run of the fastest case of each mode. Gaps are waits.');
        data.timelines.forEach(function (t) {
            var workers = 0, end = 0;
            t.events.forEach(function (e) { workers = Math.max(workers, e[0] + 1); end = Math.max(end, e[2] + e[3]); });
            var width = 1100, line = 20, left = 190, right = 1070, top = 26, g = chart(s, 'timeline-' + t.mode, 'Timeline of ' + t.label, width, top + line * workers + 26);
            var fills = [pattern(g, 1), pattern(g, 0), pattern(g, 4)], x = function (us) { return left + us / end * (right - left); };
            draw(g, 'text', { x: left - 8, y: 15, 'text-anchor': 'end', 'font-weight': 700 }, t.label);
            legend(g, left, 15, kinds.map(function (k, i) { return { fill: fills[i], text: k === 'fill' ? 'fill (decode)' : k }; }));
            for (var w = 0; w < workers; w++) {
                draw(g, 'text', { 'class': 'soft', x: left - 8, y: top + w * line + 13, 'text-anchor': 'end' }, 'worker ' + w);
                draw(g, 'path', { 'class': 'grid', d: 'M' + left + ',' + (top + w * line + 16) + 'H' + right });
            }
            t.events.forEach(function (e) {
                var r = draw(g, 'rect', { x: x(e[2]).toFixed(2), y: top + e[0] * line + 1, width: Math.max(x(e[2] + e[3]) - x(e[2]), 0.4).toFixed(2), height: 14,
                                          fill: fills[e[1]], stroke: 'var(--soft)', 'stroke-width': 0.3 });
                draw(r, 'title', {}, kinds[e[1]] + (e[1] === 0 ? ' rows from ' + e[5] : ' ' + e[4] + ',' + e[5]) + ': ' + digits(e[3] / 1e3, 2) + ' ms');
            });
            steps(end / 1e6, 8).forEach(function (v) { draw(g, 'text', { 'class': 'soft', x: x(v * 1e6), y: top + workers * line + 14, 'text-anchor': 'middle' }, v + ' s'); });
            if (t.left_out) s.appendChild(node('p', { 'class': 'soft' }, t.left_out + ' later events are left out here; chunkimg --trace has all.'));
        });
    }

    /* ---- tables ---- */

    function table(id, heads, lines, use) {
        var t = node('table', { id: id }, [node('thead', {}, node('tr', {}, heads.map(function (h) { return node('th', {}, h); })))]);
        var body = node('tbody');
        lines.forEach(function (l, i) { body.appendChild(node('tr', use === i ? { 'class': 'use' } : {}, l.map(function (c) { return node('td', {}, c); }))); });
        t.appendChild(body);
        return node('div', { 'class': 'wide' }, t);
    }
    function results() {
        var s = section('All cases', 'The losing ones too. K-F: the serial share that the speed-up implies (Karp and Flatt).');
        s.appendChild(table('results', ['case', 'runs', 'wall', '95 %', 'MP/s', 'tiles/s', 'x serial', 'region x serial', 'end to end x serial', 'x one worker', 'efficiency', 'K-F', 'CPU', 'system', 'CPUs used',
            'switches', 'faults', 'spawn', 'first tile', 'copied', 'memory', 'of limit', 'against serial'], rows.map(function (c) {
            var f = c.figures, v = function (i) { return i ? digits(i.value, 2) + ' (' + digits(i.low, 2) + ' to ' + digits(i.high, 2) + ')' : '-'; };
            return [c.label + (c.wall.unstable ? ' ~' : ''), String(c.wall_s.length), seconds(c.wall.median), seconds(c.wall.low) + ' to ' + seconds(c.wall.high),
                    digits(c.throughput_mpps, 1), digits(c.tiles_per_s, 1), v(c.speedup), digits(c.speedup_region, 2), digits(c.speedup_end_to_end, 2), v(c.scaling), c.efficiency === null ? '-' : digits(100 * c.efficiency, 0) + ' %',
                    digits(c.karp_flatt, 3), seconds(f.user_s + f.sys_s), seconds(f.sys_s), digits(100 * c.utilisation, 0) + ' %',
                    digits(f.voluntary_switches + f.involuntary_switches, 0), digits(f.minor_faults, 0), seconds(f.spawn_s), seconds(f.first_tile_s), mib(f.bytes_copied),
                    mib(f.peak_memory_bytes), c.of_limit === null ? '-' : digits(100 * c.of_limit, 0) + ' %', c.reference ? '' : c.against_serial || '-'];
        }), rows.indexOf(used)));
        data.cases.filter(function (c) { return c.error; }).forEach(function (c) { s.appendChild(node('p', { 'class': 'warning' }, c.label + ' failed: ' + c.error)); });
        Object.keys(data.left_out).forEach(function (k) { s.appendChild(node('p', { 'class': 'soft' }, 'Left out: ' + k + ', ' + data.left_out[k])); });
    }
    function facts() {
        var m = data.machine, p = data.protocol, s = section('The machine, the build, the protocol');
        var t = node('table', { 'class': 'facts', id: 'machine' }, node('tbody', {}, [
            ['CPU', m.cpu + '; ' + m.cpus_allowed + ' of ' + m.cpus_online + ' CPUs' + (m.cpu_quota ? ', quota ' + m.cpu_quota : '') + '; governor ' + m.governor],
            ['memory', mib(m.memory_bytes) + ', ' + mib(m.available_bytes) + ' available'], ['load', digits(m.load, 2) + ' before the start; others kept ' + digits(m.others_cpus, 2) + ' CPUs busy meanwhile'],
            ['kernel', m.kernel + '; ' + m.file_system], ['compiler', m.compiler + '; ' + m.flags], ['libraries', m.libraries],
            ['environment', m.environment.join(' ') || 'nothing set'],
            ['protocol', 'each run in its own process; ' + p.warmup + ' round(s) to warm up, then at least ' + p.runs + ' runs and ' + p.min_time_s + ' s of each case, interleaved in an order drawn for ' +
                'each round; seed ' + p.seed + '; ' + p.interval + '; differences below ' + digits(100 * p.threshold, 1) + ' % count as none; ' + data.rounds + ' rounds in ' + digits(data.elapsed_s, 1) + ' s']
        ].map(function (f) { return node('tr', {}, f.map(function (c) { return node('td', {}, c); })); })));
        s.appendChild(t);
        var raw = node('details', {}, [node('summary', {}, 'The data of this page (' + data.schema + ')'), node('pre', {}, '')]);
        raw.addEventListener('toggle', function () { raw.lastChild.textContent = JSON.stringify(data, null, 1); });
        s.appendChild(raw);
    }

    head();
    if (rows.length) { scaling(); work(); heat(); distribution(); memory(); timelines(); }
    results();
    facts();
    document.documentElement.setAttribute('data-drawn', document.querySelectorAll('figure svg').length);
}());
