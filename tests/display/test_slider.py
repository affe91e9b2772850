import plotly.graph_objects as go

from mmrepro.display.slider import slider


def test_every_step_shows_its_own_traces_and_no_other():
    made = slider(["one", "two", "three"], 1, "n: ", traces_each=2)
    figure = go.Figure([go.Bar() for _ in range(6)], layout={"sliders": [made]})
    assert figure.layout.sliders[0].active == 1
    shown = [step.args[0]["visible"] for step in figure.layout.sliders[0].steps]
    assert [[place for place, visible in enumerate(step) if visible] for step in shown] == [
        [0, 1],
        [2, 3],
        [4, 5],
    ]
