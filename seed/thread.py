"""The thread on one need, through the market's own API, printed for people.

Every line printed is taken from an answer of the market; nothing is made up on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from seed import records, sample
from seed.bureau import publish
from seed.papers import contract_text
from seed.person import DemoFailed, Person, head

REGION = "320281"
BROKER = "broker1"
REGISTRAR = "registrar1"
BUREAU = "bureau-jy"
SHOWN_FROM = 0.005
WORDS = "处理对象与水质相符，成熟度满足要求，建议双方先做小试。"


def run(client: FlaskClient, say: Callable[[str], None], *, folder: Path) -> None:
    """Run the thread: need, suggestions, decision, contract, registration, figures, drill-down, bulletin.

    Args:
        client: of an app on the loaded sample market.
        say: prints one line.
        folder: where certificate, bulletin and ranking are written to look at.

    Raises:
        DemoFailed: the market refused a step.
    """
    need = _post_need(client, say)
    suggestion = _decide(client, say, need)
    bureau = Person(client, BUREAU)
    before = _figures(bureau)
    contract = _register(client, say, need, suggestion)
    _show_figures(say, bureau, before)
    _drill_down(say, bureau, contract)
    _show_certificate(client, say, contract, folder)
    publish(bureau, Person(client), say, region=REGION, folder=folder)


def _post_need(client: FlaskClient, say: Callable[[str], None]) -> dict[str, Any]:
    row = records.find_record("needs", sample.HELD_BACK)
    enterprise = Person(client, sample.login_of(row["organisation"]))
    names = ("external_id", "title", "body", "confidential", "tech_field", "industry_code", "indicators")
    form = {name: row[name] for name in names} | {
        "keywords": row["keywords"],
        "budget_fen": row["budget_wan"] * 10_000 * 100,
        "min_trl": row["min_trl"],
        "need_type": enterprise.code("need_type", row["need_type"]),
        "cooperation_modes": [enterprise.code("cooperation_mode", name) for name in row["cooperation_modes"]],
    }
    need: dict[str, Any] = enterprise.post("/needs", form)
    enterprise.post(f"/needs/{need['id']}/submissions")
    broker = Person(client, BROKER)
    need = broker.post(f"/needs/{need['id']}/reviews", {"decision": "publish"})
    broker.post(f"/needs/{need['id']}/triages", {"class": "direct"})
    broker.post(f"/needs/{need['id']}/validations", {"result": "valid"})
    head(say, "一", "企业发布需求，经审核发布")
    say(f"  {need['organisation']['name']}（需求编号 {need['id']}）")
    say(f"  《{need['title']}》")
    say(f"  {need['body']}")
    say(f"  预算 {_wan(need['budget_fen'])}，要求成熟度不低于 TRL {need['min_trl']}")
    return need


def _decide(client: FlaskClient, say: Callable[[str], None], need: Mapping[str, Any]) -> dict[str, Any]:
    broker = Person(client, BROKER)
    page = broker.get("/suggestions", need=need["id"], limit=5)["items"]
    head(say, "二", "引擎给出建议，并逐条说明理由")
    for suggestion in page:
        _show_suggestion(say, suggestion)
    best: dict[str, Any] = page[0]
    reason = broker.get("/codes/recommend_reason")[0]
    reviewed = broker.post(
        f"/suggestions/{best['id']}/reviews",
        {
            "decision": "recommend",
            "reason_code": reason["code"],
            "words": WORDS,
        },
    )
    head(say, "三", "技术经纪人决定，双方表态")
    say(f"  经纪人推荐第 1 条，理由“{reason['name']}”：{WORDS}")
    enterprise = Person(client, _login(need["organisation"]["name"]))
    university = Person(client, _login(reviewed["achievement"]["organisation"]["name"]))
    path = f"/suggestions/{best['id']}"
    enterprise.post(f"{path}/interests", {"interested": True, "words": "愿意提供水样。"})
    agreed: dict[str, Any] = university.post(
        f"{path}/interests", {"interested": True, "words": "可安排小试。"}
    )
    say("  企业与院所先后表示有意，双方的保密部分随即相互开放：")
    secret = enterprise.get(f"{path}/confidential")["achievement"]
    say(f"  〔院所保密部分〕{secret['confidential']}")
    university.post(f"{path}/notes", {"words": "小试达标，商定委托开发，分期付款。"})
    return agreed


def _show_suggestion(say: Callable[[str], None], suggestion: Mapping[str, Any]) -> None:
    achievement, reasons = suggestion["achievement"], suggestion["reasons"]
    owner = achievement["organisation"]["name"]
    say(f"\n  {suggestion['score']:.0%}　《{achievement['title']}》　{owner}")
    parts = [part for part in reasons["parts"] if abs(part["contribution"]) >= SHOWN_FROM]
    parts.sort(key=lambda part: -part["contribution"])
    shares = (f"{part['label']} {part['contribution']:+.0%}" for part in parts)
    say(f"    得分构成：{'，'.join(shares)}")
    for concept in reasons["concepts"][:4]:
        ours, theirs = "、".join(concept["need_words"]), "、".join(concept["achievement_words"])
        both = f"双方都说到「{ours}」" if ours == theirs else f"「{ours}」与「{theirs}」"
        say(f"    概念：{both}，{'同指' if concept['exact'] else '都属'}「{concept['concept']}」")
    if reasons["alike"]:
        pairs = (f"「{pair['need_word']}」≈「{pair['achievement_word']}」" for pair in reasons["alike"])
        say(f"    语义相近：{'，'.join(pairs)}")
    if reasons["terms"]:
        say(f"    共有词语：{'、'.join(term['term'] for term in reasons['terms'][:8])}")
    say(f"    逐项比对：{'；'.join(verdict['words'] for verdict in reasons['facets'])}")


def _register(
    client: FlaskClient, say: Callable[[str], None], need: Mapping[str, Any], suggestion: Mapping[str, Any]
) -> dict[str, Any]:
    university = Person(client, _login(suggestion["achievement"]["organisation"]["name"]))
    registrar = Person(client, REGISTRAR)
    station = registrar.get("/me")["organisation"]
    amount = need["budget_fen"]
    form = {
        "station_id": station["id"],
        "suggestion_id": suggestion["id"],
        "project_name": f"{suggestion['achievement']['title']}委托开发",
        "type_code": "KF",
        "subtype_code": "KF1",
        "signed_on": need["published_at"][:10],
        "ip_kind": "10",
        "plan_source": "90",
        "total_amount_fen": amount,
        "tech_amount_fen": amount,
        "payment_mode": "instalments",
    }
    contract: dict[str, Any] = university.post("/contracts", form, key="demo-apply-0001")
    path = f"/contracts/{contract['id']}"
    paper = university.hand_in(
        f"{path}/documents", kind="contract_text", name="合同文本.pdf", content=contract_text(contract)
    )
    university.post(f"{path}/submissions")
    registrar.post(f"{path}/acceptances")
    registrar.post(f"{path}/examinations", {"finding": "合同要素齐全，属委托开发，技术交易额认定无误。"})
    contract = registrar.post(f"{path}/approvals", key="demo-approve-0001")
    head(say, "四", "签订技术合同，登记站审核登记")
    say(f"  《{contract['project_name']}》")
    say(f"  卖方 {contract['seller']['name']}，买方 {contract['buyer']['name']}")
    total, tech = _wan(contract["total_amount_fen"]), _wan(contract["tech_amount_fen"])
    say(f"  合同成交额 {total}，其中技术交易额 {tech}")
    say(f"  卖方上传{paper['kind_name']}（{paper['size']} 字节，SHA-256 {paper['sha256'][:12]}…）")
    say(f"  {station['name']}受理、审核并登记，合同登记编号 {contract['reg_no']}")
    return contract


def _show_certificate(
    client: FlaskClient, say: Callable[[str], None], contract: Mapping[str, Any], folder: Path
) -> None:
    registrar = Person(client, REGISTRAR)
    certificate = registrar.get(f"/contracts/{contract['id']}/certificates")[0]
    file = folder / "登记证明.pdf"
    registrar.save(f"/certificates/{certificate['id']}/pdf", file)
    found = Person(client).get(f"/verifications/{certificate['code']}")
    head(say, "七", "登记证明，任何人可凭验证码核对")
    say(f"  证明编号 {certificate['number']}，验证码 {certificate['code']}，{len(file.read_bytes())} 字节")
    say(f"  公开核验：{found['kind_name']}，{found['status_name']}，{found['issued_on']} 出具")


def _figures(bureau: Person) -> dict[str, Any]:
    query = {"region": REGION, "period": "since-plan"}
    return {
        measure: bureau.get("/turnover", measure=measure, **query)
        for measure in ("registered", "output", "absorbed")
    } | {"target": _target(bureau)}


def _target(bureau: Person) -> dict[str, Any]:
    targets = bureau.get("/targets", region=REGION)
    return next(target for target in targets if target["indicator"] == "contract_amount")


def _show_figures(say: Callable[[str], None], bureau: Person, before: Mapping[str, Any]) -> None:
    after = _figures(bureau)
    head(say, "五", "成交额随之变动")
    for measure in ("registered", "output", "absorbed"):
        old, new = before[measure]["sums"], after[measure]["sums"]
        say(
            f"  {after[measure]['area']['name']}{after[measure]['measure_name']}"
            f"（{after[measure]['period']['name']}）："
            f"{old['total_text']}（{old['deals']} 项） → {new['total_text']}（{new['deals']} 项）"
        )
    target, old = after["target"], before["target"]["progress"]["reading"]
    new = target["progress"]["reading"]
    say(
        f"  计划目标“{target['phrase']}{target['comparator_name']}{target['value']}{target['unit']}”"
        f"（{target['basis_name']}）：{old['text']} → {new['text']}，进度 {new['percent']}%"
    )


def _drill_down(say: Callable[[str], None], bureau: Person, contract: Mapping[str, Any]) -> None:
    head(say, "六", "由数字溯源到需求")
    lines = bureau.get("/turnover/entries", region=REGION, period="since-plan", limit=100)["items"]
    line = next(item for item in lines if item["contract_id"] == contract["id"])
    thread = bureau.get(f"/turnover/entries/{line['id']}/thread")
    say(f"  台账第 {line['id']} 条 {line['effective_on']} 记入 {line['total_text']}")
    say(f"  ← 合同 {thread['contract']['reg_no']}《{thread['contract']['project_name']}》")
    say(
        f"  ← 匹配建议 {thread['suggestion']['id']}（得分 {thread['suggestion']['score']:.0%}，经纪人已推荐）"
    )
    say(f"  ← 成果《{thread['achievement']['title']}》 {thread['achievement']['organisation']['name']}")
    say(f"  ← 需求《{thread['need']['title']}》 {thread['need']['organisation']['name']}")


def _login(name: str) -> str:
    for row in records.read("organisations"):
        if row["name"] == name:
            return sample.login_of(row["slug"])
    raise DemoFailed(f"no organisation named {name} in the sample")


def _wan(fen: int) -> str:
    return f"{Decimal(fen) / 1_000_000:f}万元"
