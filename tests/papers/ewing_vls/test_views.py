import json

import numpy as np
import pandas as pd

from mmrepro.papers.ewing_vls import cost, experiment, figures, pictures, scores, stain


def test_a_contact_sheet_has_a_picture_a_tile(bags):
    rows, names = pictures.label_rows(bags, 3, 32)
    figure = pictures.contact_sheet(rows, names)
    assert len(figure.layout.images) == 9 and [len(row) for row in rows] == [3, 3, 3]
    assert [note.text for note in figure.layout.annotations] == list(bags.classes)


def test_the_explorer_shows_attention_where_its_patch_lies(bags, answers):
    key = "in-domain image-text", "ABMIL", experiment.STRICT
    attention, said = answers.attention[key][0], answers.probabilities[key][0]
    captions = [f"caption {place}" for place in range(len(bags.patches))]
    figure = pictures.attention_explorer(bags, [2, 0], attention, captions, said, side=64)
    assert [trace.visible for trace in figure.data] == [True, False]
    buttons = figure.layout.updatemenus[0].buttons
    told = [f"{bags.tiles[tile].label}, {bags.tiles[tile].patient}" for tile in (2, 0)]
    assert [button.label for button in buttons] == [f"1. {told[0]}", f"2. {told[1]}"]
    called = f"called {bags.classes[int(said[0].argmax())]} ({said[0].max():.0%})"
    assert buttons[1].args[1]["annotations"][0]["text"] == called
    assert buttons[1].args[1]["images"][0]["source"] != figure.layout.images[0].source
    patch = int(np.flatnonzero(bags.tile_of == 2)[1])
    row, column = bags.cells[patch]
    shown = figure.data[0]  # drawn from the bottom up
    assert shown.z[3 - row][column] == round(float(attention[2, 1]), 3)
    assert f"caption {patch}" in shown.text[3 - row][column]
    assert len(json.dumps(figure.to_plotly_json(), default=str)) < 100_000


def test_cells_without_tissue_are_clear(bags, answers):
    attention = answers.attention["ImageNet", "ABMIL", experiment.STRICT][0]
    values, text = pictures._cells(bags, 0, attention, ["x"] * len(bags.patches), 4)
    kept = np.zeros((4, 4), bool)
    kept[tuple(bags.cells[bags.tile_of == 0].T)] = True
    assert np.array_equal(np.isnan(values), ~kept) and (text[~kept] == "no tissue").all()
    drawn = pictures.tissue_view(bags, 0)
    assert len(drawn.layout.shapes) == kept.sum() and len(drawn.layout.annotations) == 16


def test_the_heat_table_counts_tiles_of_patients(bags):
    axis = figures.patient_heat(bags).axes[0]
    assert sum(int(text.get_text()) for text in axis.texts) == len(bags.tiles)
    assert [label.get_text() for label in axis.get_yticklabels()] == list(bags.classes)


def test_stills_draw_what_they_are_given(bags, runs, answers):
    found = figures.stain_plot(*(stain.looks(bags, bags.patches) for _ in range(2)))
    assert len(found.axes) == 2
    names = {history["system"].iloc[0] for run in runs for history in run.histories}
    assert len(figures.loss_curves([history for run in runs for history in run.histories]).axes) == len(names)
    table = scores.intervals(answers, bags.labels, bags.patients, experiment.STRICT, 60)
    ticks = figures.interval_plot(table, ["accuracy", "macro AUC"]).axes[0].get_yticklabels()
    assert [tick.get_text() for tick in ticks] == list(dict.fromkeys(table["features"]))
    strict = {name: answers.probabilities[name, "ABMIL", experiment.STRICT] for name in experiment.COMPARED}
    assert len(figures.reliability_diagram(bags.labels, strict).axes[0].lines) == 3
    heats = {name: scores.confusion(bags.labels, said) for name, said in strict.items()}
    assert len(figures.confusion_heats(heats, bags.classes).axes) == 2
    assert figures.diagram().axes


def test_lines_of_dots_have_a_mean_each():
    rows = pd.DataFrame({"system": list("aabb"), "value": [1.0, 3.0, 5.0, 7.0]})
    axis = figures.strips({"x": rows}, "accuracy").axes[0]
    assert axis.lines[-1].get_xdata().tolist() == [2, 6]
    worded = pd.DataFrame(
        {"wording": list("ab"), "kind": ["new", "new"], "accuracy": [1.0, 2.0], "seed": [0, 0]}
    )
    assert figures.wording_dots(worded).axes[0].get_xlabel() == "held-out images named right (%)"
    few = pd.DataFrame({"features": ["f"] * 2, "shots": [1, 8], "seed": [0, 0], "accuracy": [10.0, 20.0]})
    (legend,) = figures.shot_curves(few, 15, 5).legends
    assert [text.get_text() for text in legend.get_texts()] == ["f", "prompts, no label", "chance"]
    power = pd.DataFrame({"patients": [4, 8], "gain": [10, 10], "power": [30.0, 60.0]})
    assert figures.power_curves(power, 4, 80).axes[0].lines
    heat = pd.DataFrame(np.eye(2), index=["a", "b"], columns=["a", "b"])
    labels = figures.concept_matrix(heat).axes[0].get_yticklabels()
    assert [label.get_text() for label in labels] == ["1  a", "2  b"]


def test_the_cost_chart_has_a_trace_an_extractor():
    table = cost.table(cost.pairings())
    figure = figures.cost_chart(table)
    assert [trace.name for trace in figure.data] == list(dict.fromkeys(table["extractor"]))
    assert figure.layout.xaxis.type == figure.layout.yaxis.type == "log"
