"""揭榜挂帅 on one need, from a vague question to an accepted milestone, through the market's own API.

Every line printed is taken from an answer of the market; nothing is made up on the way. The months it takes
pass on the clock that the app was made with.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from flask.testing import FlaskClient

from market.clock import FixedClock
from market.typesetting.amounts import wan_text
from seed import records, sample
from seed.papers import contract_text
from seed.person import Person, head

REGION = "320281"
BROKER = "broker1"
REGISTRAR = "registrar1"
BUREAU = "bureau-jy"
COLLEAGUE = "bureau-jy2"
"""The second official of the bureau: nobody checks what they proposed themselves."""

PANEL_SIZE = 3


@dataclass
class Story:
    """Who takes part, and the clock."""

    client: FlaskClient
    say: Callable[[str], None]
    clock: FixedClock
    script: Mapping[str, Any] = field(default_factory=lambda: records.read_one("story"))

    def person(self, login: str | None = None) -> Person:
        """Return somebody who signs in now; anyone without a login."""
        return Person(self.client, login)

    @property
    def enterprise(self) -> Person:
        """The enterprise that asks."""
        return self.person(sample.login_of(self.script["enterprise"]))

    def on(self, year: int, month: int, day: int) -> None:
        """Go on to the morning of a day."""
        self.clock.moment = records.moment(date(year, month, day))


@dataclass(frozen=True, slots=True)
class Outcome:
    """Ids of what the story made."""

    need_id: int
    technology_id: int
    challenge_id: int
    bid_ids: Sequence[int]
    talent_id: int
    award_id: int
    project_id: int
    contract_id: int


def run(client: FlaskClient, say: Callable[[str], None], *, clock: FixedClock) -> Outcome:
    """Run the story: gate, referrals, list, bids, panel, award, contract, milestone, and what shows it.

    Args:
        client: of an app on the loaded sample market.
        say: prints one line.
        clock: the app's clock; it goes from September to November 2025.

    Raises:
        DemoFailed: the market refused a step.
    """
    story = Story(client, say, clock)
    story.on(2025, 9, 1)
    before = _figures(story)
    need = _pass_gate(story)
    _show_referrals(story, need)
    technology, challenge = _call(story, need)
    talent, bids = _bid(story, challenge)
    _review(story, challenge, bids)
    award = _award(story, challenge, bids[0])
    contract = _register(story, award)
    _accept_milestone(story, award)
    outcome = Outcome(
        need_id=need["id"],
        technology_id=technology["id"],
        challenge_id=challenge["id"],
        bid_ids=[bid["id"] for bid in bids],
        talent_id=talent["id"],
        award_id=award["id"],
        project_id=award["project_id"],
        contract_id=contract["id"],
    )
    _show_everywhere(story, outcome, before)
    return outcome


def _pass_gate(story: Story) -> dict[str, Any]:
    say, enterprise = story.say, story.enterprise
    row = dict(story.script["need"])
    row["need_type"] = enterprise.code("need_type", row["need_type"])
    row["cooperation_modes"] = [
        enterprise.code("cooperation_mode", name) for name in row["cooperation_modes"]
    ]
    need = enterprise.post("/needs", row)
    first = enterprise.get(f"/needs/{need['id']}/assessment")
    head(say, "一", "一条说不清的需求，先过质量关")
    say(f"  {need['organisation']['name']}（需求编号 {need['id']}）《{need['title']}》")
    say(f"  初稿：{need['body']}")
    say(f"  完整度 {first['completeness']} 分，系统建议“{first['suggestion']['name']}”。还要补充：")
    for finding in first["findings"]:
        say(f"    {'必须' if finding['severity'] == 'blocking' else '建议'}　{finding['question']}")
    enterprise.post(f"/needs/{need['id']}/submissions")
    broker = story.person(BROKER)
    codes = [finding["code"] for finding in first["findings"] if finding["severity"] == "blocking"]
    broker.post(
        f"/needs/{need['id']}/questions",
        {"codes": codes, "words": "请写明夹杂物尺寸和全氧现在多少、要做到多少，产线能改哪里。"},
    )
    story.on(2025, 9, 2)
    enterprise, broker = story.enterprise, story.person(BROKER)
    version = enterprise.get(f"/needs/{need['id']}")["version"]
    enterprise.patch(f"/needs/{need['id']}", story.script["answers"], version=version)
    enterprise.post(f"/needs/{need['id']}/submissions")
    second = enterprise.get(f"/needs/{need['id']}/assessment")
    need = broker.post(f"/needs/{need['id']}/reviews", {"decision": "publish"})
    broker.post(
        f"/needs/{need['id']}/triages",
        {"class": "long_term", "note": "同规格坯料以进口为主，没有现成办法，宜列入攻关。"},
    )
    need = story.person(BUREAU).post(f"/needs/{need['id']}/validations", {"result": "valid"})
    say(f"  退回追问，企业补充后：{need['body']}")
    say(f"  完整度 {second['completeness']} 分；经纪人分类为“长期跟踪”，主管部门认定为有效技术需求")
    return dict(need)


def _show_referrals(story: Story, need: Mapping[str, Any]) -> None:
    say, broker = story.say, story.person(BROKER)
    head(say, "二", "同一引擎，除了成果，还引荐人才、资源和同类项目")
    suggestions = broker.get("/suggestions", need=need["id"], limit=1)["items"]
    for one in suggestions:
        say(f"  成果　{one['score']:.0%}　《{one['achievement']['title']}》")
    for kind, name in (("expert", "专家"), ("resource", "资源"), ("project", "项目")):
        for one in broker.get("/referrals", need=need["id"], supply_kind=kind, limit=2)["items"]:
            say(f"  {name}　{one['score']:.0%}　{one['supply']['title']}")
            say(f"    {_why(one['reasons'])}")
    desk = broker.get("/desk")
    say(f"  经纪人的工作台上：匹配建议 {desk['suggestions']} 条，引荐 {desk['referrals']} 条，按得分排在一起")


def _why(reasons: Mapping[str, Any]) -> str:
    concepts = "、".join(f"「{one['concept']}」" for one in reasons["concepts"][:3])
    terms = "、".join(one["term"] for one in reasons["terms"][:5])
    alike = "，".join(f"「{one['demand_word']}」≈「{one['supply_word']}」" for one in reasons["alike"][:2])
    said = (("共有概念", concepts), ("语义相近", alike), ("共有词语", terms))
    return "；".join(f"{name}：{words}" for name, words in said if words)


def _call(story: Story, need: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    story.on(2025, 9, 4)
    say, bureau, colleague = story.say, story.person(BUREAU), story.person(COLLEAGUE)
    technology = bureau.post("/key-technologies", {**story.script["technology"], "region_code": REGION})
    path = f"/key-technologies/{technology['id']}"
    bureau.post(f"{path}/needs", {"need_id": need["id"]})
    bureau.post(f"{path}/proposals")
    refused = bureau.refused(f"{path}/checks", {"decision": "list"})
    colleague.post(f"{path}/checks", {"decision": "list"})
    edition = bureau.post(
        "/editions", {"register": "technologies", "region_code": REGION, "as_of": "2025-09-04"}
    )
    form = {**story.script["challenge"], "need_id": need["id"], "technology_id": technology["id"]}
    challenge = story.enterprise.post("/challenges", form)
    bureau.post(f"/challenges/{challenge['id']}/screenings", {"chosen": True, "note": "共性难题，投入落实。"})
    issued = bureau.post(
        "/challenge-lists",
        {"region_code": REGION, "ids": [challenge["id"]], "closes_at": "2025-09-19T17:00:00+08:00"},
    )
    challenge = story.person().get(f"/challenges/{challenge['id']}")
    head(say, "三", "列入攻关清单，发榜")
    say(f"  攻关技术《{technology['title']}》；提出的人自己核对：{refused['detail']}（{refused['code']}）")
    say(f"  由同事核对后，{edition['title']}第 {edition['number']} 版共 {edition['row_count']} 项")
    say(f"  榜单《{issued['title']}》第 {issued['number']} 版，{challenge['number']}《{challenge['title']}》")
    say(
        f"  企业投入 {wan_text(challenge['budget_fen'])}万元，"
        f"财政资助 {wan_text(challenge['grant_fen'])}万元，"
        f"其中付给揭榜方不低于 {challenge['solver_percent']}%，"
        f"期限 {challenge['duration_months']} 个月，揭榜截止 {challenge['closes_at'][:10]}"
    )
    return technology, dict(challenge)


def _bid(story: Story, challenge: Mapping[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    story.on(2025, 9, 10)
    say, path = story.say, f"/challenges/{challenge['id']}"
    head(say, "四", "同意保密条款，两支团队揭榜")
    talent = _record_leader(story)
    bids = []
    for row in story.script["bids"]:
        team = story.person(sample.login_of(row["unit"]))
        team.post(f"{path}/annex-agreements", {"terms_digest": challenge["annex_terms_digest"]})
        team.get(f"{path}/annex")
        leader = {} if "leader_name" in row["form"] else {"leader_talent_id": talent["id"]}
        bid = team.post(f"{path}/bids", {**row["form"], **leader})
        bid = team.post(f"/challenge-bids/{bid['id']}/submissions")
        unit, amount = bid["organisation"]["name"], wan_text(bid["amount_fen"])
        say(f"  {unit}：负责人 {bid['leader']}，报价 {amount}万元，{bid['months']} 个月")
        bids.append(bid)
    story.on(2025, 9, 22)
    late = story.script["late"]
    refused = story.person(sample.login_of(late["unit"])).refused(f"{path}/bids", late["form"])
    say(f"  九月二十二日又来一家：{refused['detail']}（{refused['code']}）")
    return talent, bids


def _record_leader(story: Story) -> dict[str, Any]:
    """Enter the winner's leader in the talent pool, with the person's consent."""
    unit = sample.login_of(story.script["bids"][0]["unit"])
    university = story.person(unit)
    home = university.get("/me")["organisation"]
    talent = university.post("/talents", {**story.script["leader"], "organisation_id": home["id"]})
    path = f"/talents/{talent['id']}"
    for scope in ("keep", "find"):
        consent = {"scope": scope, "given_on": "2025-09-05", "evidence": "本人签署的同意书，存科研院"}
        university.post(f"{path}/consents", consent)
    university.post(f"{path}/proposals")
    story.person(story.script["leader_checked_by"]).post(f"{path}/checks", {"decision": "list"})
    story.say(f"  {talent['person_name']}（{talent['unit_name']}{talent['post']}）经本人同意进入人才库")
    return dict(talent)


def _review(story: Story, challenge: Mapping[str, Any], bids: Sequence[Mapping[str, Any]]) -> None:
    say, bureau, path = story.say, story.person(BUREAU), f"/challenges/{challenge['id']}"
    bureau.post(f"{path}/closings")
    for bid in bids:
        bureau.post(f"/challenge-bids/{bid['id']}/checks", {"passed": True})
    bureau.post(f"{path}/panels", {"size": PANEL_SIZE})
    drawn = bureau.get(f"{path}/panels")
    draw = drawn["draws"][0]
    head(say, "五", "随机抽取专家，一人回避，评分，公示")
    say(
        f"  候选 {len(draw['eligible'])} 人，另有 {len(draw['excluded'])} 人自动回避；"
        f"种子 {draw['seed'][:12]}…"
    )
    say(f"  按种子重算与抽取结果{'一致' if draw['repeats'] else '不一致'}")
    recused = drawn["seats"][0]
    words = "曾任该企业技术顾问，声明书存科技局"
    expert = _expert(story, recused)
    expert.post(f"/panel-seats/{recused['id']}/declarations", {"free": False, "words": words})
    seats = [seat for seat in bureau.get(f"{path}/panels")["seats"] if seat["status"] == "called"]
    criteria = [criterion["key"] for criterion in challenge["criteria"]]
    for seat, values in zip(seats, story.script["scores"], strict=True):
        declared = {"free": True, "words": "声明书存科技局"}
        expert = _expert(story, seat)
        expert.post(f"/panel-seats/{seat['id']}/declarations", declared)
        for bid, value in zip(bids, values, strict=True):
            sheet = {"bid_id": bid["id"], "points": dict.fromkeys(criteria, value)}
            expert.post(f"/panel-seats/{seat['id']}/scores", sheet)
    say(f"  席位 1 声明“{words}”，已回避，由抽取顺序中的下一位递补；{len(seats)} 位专家评分")
    for place in bureau.get(f"{path}/ranking"):
        say(f"  第 {place['rank']}　{place['organisation']['name']}　平均 {_points(place['mean'])} 分")
    bureau.post(f"{path}/reviews", {"note": "评审组三人，无异常。"})
    winner = {"bid_id": bids[0]["id"], "grant_fen": challenge["grant_fen"]}
    notice = bureau.post(f"{path}/notices", {"winners": [winner], "days": 5})
    refused = bureau.refused(f"{path}/awards", {"projects": [_project_of(story, bids[0])]})
    say(
        f"  公示 {notice['starts_on']} 至 {notice['ends_on']}；"
        f"公示期内立项：{refused['detail']}（{refused['code']}）"
    )


def _expert(story: Story, seat: Mapping[str, Any]) -> Person:
    """Return the expert, or for one without an account the bureau, which enters what was signed."""
    users = [user for row in records.read("organisations") for user in row.get("users", ())]
    logins = [user["login"] for user in users if user["name"] == seat["name"]]
    return story.person(logins[0] if logins else BUREAU)


def _project_of(story: Story, bid: Mapping[str, Any]) -> dict[str, Any]:
    return {"bid_id": bid["id"], "milestones": story.script["milestones"]}


def _award(story: Story, challenge: Mapping[str, Any], bid: Mapping[str, Any]) -> dict[str, Any]:
    story.on(2025, 9, 30)
    bureau = story.person(BUREAU)
    (award,) = bureau.post(f"/challenges/{challenge['id']}/awards", {"projects": [_project_of(story, bid)]})
    project = story.person().get(f"/projects/{award['project_id']}")
    head(story.say, "六", "立项、签约、登记、验收第一个节点")
    story.say(
        f"  {award['awarded_on']} 立项：{award['organisation']['name']}，{wan_text(award['amount_fen'])}万元"
    )
    story.say(
        f"  科技项目库同时有了项目 {project['id']}《{project['title']}》，"
        f"节点 {len(project['milestones'])} 个"
    )
    return dict(award)


def _register(story: Story, award: Mapping[str, Any]) -> dict[str, Any]:
    story.on(2025, 10, 14)
    winner = story.person(sample.login_of(story.script["bids"][0]["unit"]))
    registrar = story.person(REGISTRAR)
    station = registrar.get("/me")["organisation"]
    form = {
        "station_id": station["id"],
        "award_id": award["id"],
        "type_code": "KF",
        "subtype_code": "KF1",
        "signed_on": "2025-10-13",
        "ip_kind": "10",
        "plan_source": "90",
        "total_amount_fen": award["amount_fen"],
        "tech_amount_fen": award["amount_fen"],
        "payment_mode": "instalments",
    }
    contract = winner.post("/contracts", form, key="story-apply-0001")
    path = f"/contracts/{contract['id']}"
    winner.hand_in(
        f"{path}/documents", kind="contract_text", name="合同文本.pdf", content=contract_text(contract)
    )
    winner.post(f"{path}/submissions")
    registrar.post(f"{path}/acceptances")
    registrar.post(f"{path}/examinations", {"finding": "揭榜挂帅立项的委托开发，技术交易额认定无误。"})
    contract = registrar.post(f"{path}/approvals", key="story-approve-0001")
    story.say(
        f"  {station['name']}登记，编号 {contract['reg_no']}，{wan_text(contract['total_amount_fen'])}万元"
    )
    return dict(contract)


def _accept_milestone(story: Story, award: Mapping[str, Any]) -> None:
    bureau = story.person(BUREAU)
    bureau.post(f"/awards/{award['id']}/starts", {"note": "任务书已签订。"})
    payment = {"payee": "solver", "amount_fen": award["grant_fen"] // 2, "paid_on": "2025-10-14"}
    bureau.post(f"/awards/{award['id']}/grant-payments", payment)
    story.on(2025, 11, 14)
    winner = story.person(sample.login_of(story.script["bids"][0]["unit"]))
    milestone = winner.get(f"/projects/{award['project_id']}")["milestones"][0]
    path = f"/projects/{award['project_id']}/milestones/{milestone['id']}"
    winner.post(f"{path}/submissions", {"evidence": story.script["evidence"]})
    story.person(BUREAU).post(f"{path}/decisions", {"accepted": True, "note": "达到节点目标。"})
    story.say(f"  十一月十四日，第 1 个节点“{milestone['name']}”提交材料并通过验收")


def _show_everywhere(story: Story, made: Outcome, before: Mapping[str, Any]) -> None:
    """Read back from every register that it is there."""
    say, anyone, bureau = story.say, story.person(), story.person(BUREAU)
    head(say, "七", "项目库、人才库、清单和数字上都看得到，条条相连")
    project = anyone.get(f"/projects/{made.project_id}")
    accepted = sum(one["status"] == "accepted" for one in project["milestones"])
    say(
        f"  项目库　{project['title']}：节点 {accepted}/{len(project['milestones'])} 已通过，"
        f"已拨付 {wan_text(project['paid_fen'])}万元，需求编号 {project['need_id']}"
    )
    (work,) = anyone.get(f"/talents/{made.talent_id}/projects")["items"]
    say(f"  人才库　{story.script['leader']['person_name']}：项目 {work['id']}《{work['title']}》")
    edition = bureau.post(
        "/editions", {"register": "technologies", "region_code": REGION, "as_of": "2025-11-14"}
    )
    (change,) = edition["comparison"]["changed"]
    technology = anyone.get(f"/key-technologies/{made.technology_id}")
    progress = next(
        one["name"]
        for one in anyone.get("/codes/technology_progress")
        if one["code"] == technology["progress"]
    )
    say(f"  攻关清单　第 {edition['number']} 版与上一版相比，《{change['title']}》改为“{progress}”")
    after = _figures(story)
    for name in before:
        say(f"  数字　　{name}：{before[name]} → {after[name]}")
    thread = bureau.get(f"/turnover/contracts/{made.contract_id}/thread")
    award = thread["award"]
    say(f"  溯源　　合同 {thread['contract']['reg_no']}")
    say(f"  　　　　← 立项 {award['id']}（{award['status_name']}） {award['unit']['name']}")
    say(f"  　　　　← 榜单项目 {award['number']}，攻关技术 {award['technology_id']}")
    say(f"  　　　　← 需求《{thread['need']['title']}》 {thread['need']['organisation']['name']}")


def _figures(story: Story) -> dict[str, str]:
    """Return the figures that the story moves, as the bureau reads them."""
    bureau = story.person(BUREAU)
    query = {"region": REGION, "period": "since-plan"}
    absorbed = bureau.get("/turnover", measure="absorbed", **query)
    figures = {"吸纳技术合同成交额": absorbed["sums"]["total_text"]}
    for target in bureau.get("/targets", region=REGION):
        if target["indicator"] in {"key_challenge_projects", "valid_needs"}:
            reading = target["progress"]["reading"]
            figures[target["phrase"]] = f"{reading['text']}（目标 {target['value']}{target['unit']}）"
    return figures


def _points(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02d}"
