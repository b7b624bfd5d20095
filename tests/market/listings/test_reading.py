"""Reading a need: what is found in texts as enterprises write them, and what is passed over."""

from __future__ import annotations

import pytest

from market.listings.rules import reading


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
    ],
)
def test_figures_are_told_from_names_dates_and_ordinals(text: str, expected: bool) -> None:
    assert reading.has_figure(text) is expected


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
        ("厂家三年内换了两次料", False),
    ],
)
def test_time_limits(text: str, expected: bool) -> None:
    assert reading.has_time_limit(text) is expected


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
    ],
)
def test_several_wishes_are_found_and_lists_of_indicators_are_none(
    title: str, body: str, several: bool
) -> None:
    assert bool(reading.several_wishes(title, body)) is several


@pytest.mark.parametrize(
    ("text", "dependent"),
    [
        ("敏感元件依赖进口，断供两次", True),
        ("属于“卡脖子”技术，国内尚无人能做", True),
        ("进口料去年断供", True),
        ("排水总氮还卡脖子", False),
        ("中心血站节假日断供", False),
        ("进口同型号能跑一万小时", False),
    ],
)
def test_dependence_on_others_is_said_plainly(text: str, dependent: bool) -> None:
    assert bool(reading.dependence(text)) is dependent


def test_a_long_text_of_numerals_is_read_at_once() -> None:
    text = "一" * 20_000
    assert not reading.has_goal(text)
    assert reading.several_wishes("题目", text) == ()
