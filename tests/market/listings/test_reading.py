"""Reading a need: what is found in texts as enterprises write them, and what is passed over.

The texts were written by the authors of the rules; how often real ones are misread has not been measured.
"""

from __future__ import annotations

from time import process_time

import pytest

from market.listings.rules import figures, joined, reading, terms


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("合格率只有92%", True),
        ("四十多台注塑机没有联网", True),
        ("合格率不到八成", True),
        ("GH4169环件，标准GB/T 14992", False),
        ("2023年列入第一批计划", False),
        ("一、现状；二、难点", False),
        ("用的是C7025带材和H.264编码", False),
        ("１２０微米的片子", True),
        ("误差有五丝", True),
        ("镍超了零点一", True),
        ("抗拉强度600MPa", True),
        ("表面Ra0.8", True),
        ("五丝杠机床总出毛病", False),
        ("零点漂移，两点一线", False),
        ("要点：①怕热；②怕潮", False),
    ],
)
def test_figures_are_told_from_names_dates_and_ordinals(text: str, expected: bool) -> None:
    assert figures.has_figure(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("希望EL不良压回1%以内", True),
        ("要求单果4秒，损伤率低于3%", True),
        ("三遍内对上，不超过一次返工", True),
        ("出水总锑稳定在40微克以下", True),
        ("要把人工复看的量压到千分之五", True),
        ("希望節拍縮到九十秒以內", True),
        ("现在不良率3.5%，去年还是0.8%", False),
        ("停机检查要半天，窗口期一年就几个月", False),
        ("理想状态下压力有120公斤", False),
        ("希望半年内解决，预算150万元以内", False),
        ("希望提高效率，达到国内先进", False),
        # as workshops put goals
        ("想控制到正负五丝以内", True),
        ("镍降到零点一毫克每升以下", True),
        ("希望废品率从现在的8%降到2%", True),
        ("在现有基础上把能耗再降两成", True),
        ("比现在省电15%就行", True),
        ("目前合格率92%，要提高到98%", True),
        ("产能要翻一番", True),
        ("能用三年不换就算成功", True),
        ("最好一个班能干出三百件", True),
        ("要做到零泄漏", True),
        ("硬度得保证在58到62度", True),
        ("要求：抗拉强度≥600MPa", True),
        ("技术指标：\n合格率 98%", True),
        ("四个月内CPK做到1.67", True),
        ("希望运行费用降到每吨两元以下", True),
        ("希望开发一种涂层，模具寿命二十万次", True),
        ("想要一个系统，五分钟内给出方案", True),
        ("希望现有炉子的单耗降到每吨三百度电", True),
        # figures that are none
        ("希望高校老师来厂帮助指导，我厂现有员工三百人、厂房两万平方米，主要生产轴类零件。", False),
        ("请高校老师帮助，我厂已有热处理炉两座，工人三十人，年产套圈两百万件。", False),
        ("希望专家指导，公司成立于2005年，注册资本500万元，占地50亩。", False),
        ("想请老师来看看，车间有注塑机40台，每天三班倒，废品率8%。", False),
        ("成品率不到八成，希望提高。", False),
        ("能耗比同行高三成，希望节能", False),
        ("希望解决目前合格率只有85%的问题。", False),
        ("希望派两名专家驻厂，与3家高校合作，合作期3年", False),
        ("希望早日解决，去年因为这个问题损失了三百多万元，客户投诉12次。", False),
        ("夜里降温掉两成，希望帮忙", False),
        ("我司主要做汽车零件，直径20到50毫米，请老师们想想办法", False),
        ("希望半年内解决，愿意出五十万块。", False),
    ],
)
def test_a_goal_is_a_figure_to_be_reached(text: str, expected: bool) -> None:
    assert reading.has_goal(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("四个月内CPK做到1.67", True),
        ("台风季前完成样板段", True),
        ("研发周期一年", True),
        ("半年内做完", True),
        ("三个月内给样品", True),
        ("年底交货", True),
        ("两个月出样品", True),
        ("给你们半年时间", True),
        ("国庆前装好", True),
        ("争取年内解决", True),
        ("最好三个月以内", True),
        ("180天内完成开发", True),
        ("要求2026年12月底前交付样机", True),
        ("厂家三年内换了两次料", False),
        ("膜三个月就要清洗", False),
        ("希望三年内不用更换", False),
        ("两年内回本", False),
        ("2019年建成投产", False),
        ("年底销量最好", False),
        ("使用期限短", False),
        ("尽快解决", False),
    ],
)
def test_time_limits(text: str, expected: bool) -> None:
    assert terms.has_time_limit(text) is expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("预算八十万", True),
        ("愿意出五十万块", True),
        ("投入一百二十万元", True),
        ("预算80w左右", True),
        ("项目总预算在50-80万之间", True),
        ("打算拿出五六十万", True),
        ("总价控制在四十万以内", True),
        ("最多花二十万", True),
        ("去年投入三百万元买了设备", False),
        ("已累计投入研发经费800万元", False),
        ("注册资金五百万元", False),
        ("处置费用每吨两千元", False),
        ("吨水药剂最多花八块", False),
        ("投入两台机器人", False),
        ("一年能产出三万件", False),
        ("预算还没定", False),
    ],
)
def test_budgets(text: str, expected: bool) -> None:
    assert terms.has_budget(text) is expected


def test_conditions_are_told_by_words_or_by_a_story() -> None:
    assert reading.tells_conditions("现有两台压铸机")
    assert reading.tells_conditions("特性黏度0.68到0.74乱跳，凝聚粒子多，组件十二天就堵。求稳住黏度。")
    assert not reading.tells_conditions("希望研究玻璃晶化控制技术")


def test_big_words_are_empty_only_where_no_figure_stands_beside_them() -> None:
    assert reading.empty_words("希望提高效率。达到行业领先水平！") == ("提高效率", "行业领先")
    assert reading.empty_words("希望提高效率20%以上。") == ()


@pytest.mark.parametrize(
    ("title", "body", "expected"),
    [
        ("采购三台五轴加工中心", "用于模具车间。", ("采购",)),
        ("急需流动资金", "拟贷款五百万元。", ("拟贷款",)),
        ("焊接工程师", "现需要招聘两名。", ("需要招聘",)),
        ("阿胶真假分不清", "采购来的驴皮胶混入马皮，要能识别2%的掺杂。", ()),
        ("演播室大屏有横纹", "做虚拟拍摄的租赁公司，希望改驱动。", ()),
        ("采购一套无铅热处理工艺", "替代铅锅。", ()),
    ],
)
def test_purchases_and_hiring_are_told_from_technology(
    title: str, body: str, expected: tuple[str, ...]
) -> None:
    assert reading.trade_words(title, body) == expected


@pytest.mark.parametrize(
    ("title", "body", "several"),
    [
        ("控制精度、生产效率和品质分析技术研发", "", True),
        ("除尘改造；废水回用", "", True),
        ("两个难题", "难题一：气孔多。难题二：模具寿命短。", True),
        ("压铸气孔", "希望降低气孔率。另外希望把模具寿命提高一倍。", True),
        ("岸桥等车", "主要有三个问题：一是让路死锁，二是充电扎堆，三是改派不及时。", False),
        ("卸矿石的抓斗机全凭老司机眼力，抓不满还撞舱口", "指标：①1.6 mm过V-0；②冲击≥8。", False),
        ("三件事", "一是总氮从30降到15；二是噪声由75分贝降到65；三是想开发一套MES软件。", True),
        ("三件事", "①总氮要从30降到15；②噪声由75分贝降到65；③想开发一套MES软件。", True),
        ("三件事", "1、总氮要从30降到15。2、噪声由75分贝降到65。3、想开发一套MES软件。", True),
        ("两件事", "想解决以下问题：\n（1）要求把废气浓度降到20\n（2）想做机器人上下料", True),
        ("焊接变形", "技术要求：1、合格率提高到98%；2、节拍降到60秒；3、成本降到50元", False),
        ("焊接变形", "希望：1、合格率提高到98%；2、节拍降到60秒", False),
        ("焊接变形", "希望新工艺一是把能耗降两成，二是把废品降到1%以内。", False),
        ("焊接变形", "一、技术要求：合格率提高到98%。二、预算要求：希望控制在50万以内。", False),
        ("焊接变形", "1、现有设备三台；2、希望把废品率降到2%。", False),
    ],
)
def test_several_wishes_are_found_and_lists_of_indicators_are_none(
    title: str, body: str, several: bool
) -> None:
    assert bool(joined.several_wishes(title, body)) is several


@pytest.mark.parametrize(
    ("text", "dependent"),
    [
        ("敏感元件依赖进口，断供两次", True),
        ("属于“卡脖子”技术，国内尚无人能做", True),
        ("进口料去年断供", True),
        ("排水总氮还卡脖子", False),
        ("中心血站节假日断供", False),
        ("进口同型号能跑一万小时", False),
        ("减速机一直用日本进口的，去年开始买不到，想找国产的来代替", True),
        ("想用国产的替换掉德国刀具", True),
        ("光刻胶日本不供货了", True),
        ("国产钢代替不了，暂时不考虑", False),
        ("车间用的是德国机床，国产刀具磨损快", False),
        ("产品出口日本，原料在国内就能买到", False),
    ],
)
def test_dependence_on_others_is_said_plainly(text: str, dependent: bool) -> None:
    assert bool(reading.dependence(text)) is dependent


@pytest.mark.parametrize(
    "piece", ["一", "1", "要,", "从现在", "十万", "半年", "1、", "一是", "每", "降", "进口"]
)
def test_a_long_text_of_one_word_is_read_at_once(piece: str) -> None:
    text = piece * (20_000 // len(piece))
    started = process_time()
    for read in (reading.has_goal, reading.dependence, terms.has_budget, terms.has_time_limit):
        read(text)
    joined.several_wishes("题目", text)
    assert process_time() - started < 2
