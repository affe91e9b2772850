import http.server
import json
import threading
import time

import pytest

from mmrepro.errors import MMReproError
from mmrepro.evidence.judge import Relation
from mmrepro.evidence.language_judge import Endpoint, LanguageExtractor, LanguageJudge

pytest.importorskip("openai")
pytestmark = pytest.mark.loopback


class Service:
    """An OpenAI-compatible chat service that gives the replies it was told to."""

    def __init__(self):
        self.replies, self.questions, self.failures, self.delay_s = [], [], 0, 0.0
        service = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                if service.failures:
                    service.failures -= 1
                    self.send_error(503)
                    return
                service.questions.append(body["messages"][0]["content"])
                time.sleep(service.delay_s)
                message = {"role": "assistant", "content": service.replies.pop(0)}
                choice = {"index": 0, "finish_reason": "stop", "message": message}
                reply = {
                    "id": "1",
                    "object": "chat.completion",
                    "created": 0,
                    "model": "m",
                    "choices": [choice],
                }
                payload = json.dumps(reply).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(payload)))
                self.end_headers()
                self.wfile.write(payload)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def endpoint(self, cache, retries=0, timeout_s=5.0):
        address = f"http://127.0.0.1:{self.server.server_port}/v1"
        return Endpoint(address, "judge-1", cache, timeout_s=timeout_s, retries=retries)

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def service():
    service = Service()
    yield service
    service.stop()


def relations(*words):
    return json.dumps({"relations": words})


def test_events_and_relations_are_read_from_the_replies(service, tmp_path):
    service.replies = [
        'Here: {"events": ["The man Smiles. ", "", "He runs."]}',
        relations("entailment", "contradiction", "neutral"),
    ]
    endpoint = service.endpoint(tmp_path)
    assert LanguageExtractor(endpoint).events("The man smiles, then runs.") == ["the man smiles.", "he runs."]
    found = LanguageJudge(endpoint).against_text(["a", "b", "c"], "A text.")
    assert found.tolist() == [Relation.ENTAILMENT, Relation.CONTRADICTION, Relation.NEUTRAL]
    assert "A text." in service.questions[1]
    assert "2. b" in service.questions[1]


def test_more_events_than_asked_for_are_cut(service, tmp_path):
    service.replies = [json.dumps({"events": list("abcdef")})]
    assert LanguageExtractor(service.endpoint(tmp_path), limit=3).events("x") == list("abc")
    assert "3" in service.questions[0]


def test_braces_within_a_reply_do_not_end_it(service, tmp_path):
    service.replies = ['Well: {"events": ["he writes {x}", "he goes"]}. That is all.']
    assert LanguageExtractor(service.endpoint(tmp_path)).events("x") == ["he writes {x}", "he goes"]


def test_a_service_that_takes_too_long_is_told(service, tmp_path):
    service.replies, service.delay_s = [relations("entailment")], 1.0
    with pytest.raises(MMReproError, match="imed out"):
        LanguageJudge(service.endpoint(tmp_path, timeout_s=0.2)).against_text(["a"], "A text.")


def test_a_question_is_asked_once_ever(service, tmp_path):
    service.replies = [relations("entailment")]
    first = LanguageJudge(service.endpoint(tmp_path)).against_text(["a"], "A text.")
    service.stop()
    again = LanguageJudge(service.endpoint(tmp_path)).against_text(["a"], "A text.")
    assert first.tolist() == again.tolist()
    assert len(service.questions) == 1
    kept = json.loads(next(tmp_path.rglob("*.json")).read_text())
    assert kept["model"] == "judge-1"


def test_another_model_is_asked_anew(service, tmp_path):
    service.replies = [relations("entailment"), relations("neutral")]
    endpoint = service.endpoint(tmp_path)
    LanguageJudge(endpoint).against_text(["a"], "A text.")
    endpoint.model = "judge-2"
    assert LanguageJudge(endpoint).against_text(["a"], "A text.").tolist() == [Relation.NEUTRAL]


def test_a_service_that_is_down_ends_in_one_sentence_and_goes_on_later(service, tmp_path):
    service.replies = [relations("entailment")]
    judge = LanguageJudge(service.endpoint(tmp_path))
    judge.against_text(["a"], "First.")
    service.failures = 1
    with pytest.raises(MMReproError, match=r"does not answer .*replies are kept in .*run this again"):
        judge.against_text(["a"], "Second.")
    assert len(list(tmp_path.rglob("*.json"))) == 1
    service.replies = [relations("neutral")]
    assert judge.against_text(["a"], "First.").tolist() == [Relation.ENTAILMENT]
    assert judge.against_text(["a"], "Second.").tolist() == [Relation.NEUTRAL]


def test_a_failure_that_passes_is_tried_again(service, tmp_path):
    service.failures, service.replies = 1, [relations("entailment")]
    judge = LanguageJudge(service.endpoint(tmp_path, retries=2))
    assert judge.against_text(["a"], "A text.").tolist() == [Relation.ENTAILMENT]


@pytest.mark.parametrize(
    "bad", ["I cannot say.", relations("entailment"), relations("yes", "no"), '{"events": ["a"]}']
)
def test_a_reply_of_another_form_is_asked_again_and_then_refused(service, tmp_path, bad):
    service.replies = [bad, relations("entailment", "neutral")]
    judge = LanguageJudge(service.endpoint(tmp_path))
    assert judge.against_text(["a", "b"], "A text.").tolist() == [Relation.ENTAILMENT, Relation.NEUTRAL]
    service.replies = [bad] * 3
    with pytest.raises(MMReproError, match="judge-1 gave 3 replies that are not the JSON"):
        judge.against_text(["a", "b"], "Another text.")


def test_between_asks_one_question_a_text(service, tmp_path):
    service.replies = [relations("entailment", "neutral"), relations("neutral", "entailment")]
    judge = LanguageJudge(service.endpoint(tmp_path))
    assert judge.between(["a", "b"], ["x", "y"]).tolist() == [[1, 0], [0, 1]]
    assert judge.between(["a"], []).shape == (1, 0)


def test_nothing_to_ask_asks_nothing(service, tmp_path):
    endpoint = service.endpoint(tmp_path)
    assert LanguageExtractor(endpoint).events("  ") == []
    assert LanguageJudge(endpoint).against_text(["a"], "").tolist() == [0]
    assert LanguageJudge(endpoint).against_text([], "text").shape == (0,)
    assert service.questions == []
