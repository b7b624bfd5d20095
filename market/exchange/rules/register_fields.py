"""What can be imported of the lists and pools: the fields of each kind of entry, and their column names.

The first names are those of the market's own exports, so that these can be read back; columns of an
export that follow from other records (evaluations, payments, milestones) mean no field and are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from market.exchange.rules.field import ORGANISATION, ORGANISATION_USCC, Field, How
from market.exchange.rules.runs import ImportKind
from market.libraries.rules.graph import SEGMENT_NAMES
from market.libraries.rules.talents import CONSENT_SCOPE_NAMES
from market.reference.rules import Scheme


def _entry(*titles: str) -> tuple[Field, ...]:
    """Return the fields every kind has; `titles` are the names of its title column, the label first."""
    label, *others = titles
    return (
        Field("title", label, How.TEXT, ("名称", "name", *others), required=True, low=2, high=200),
        Field("external_id", "外部编号", How.IDENTIFIER, ("外部编号", "编号", "id", "外部id"),
              low=1, high=64),
        Field("region_code", "行政区划", How.REGION,
              ("行政区划", "行政区划代码", "区划代码", "所在地区", "所属地区", "地区")),
        Field("summary", "简介", How.TEXT, ("简介", "摘要", "介绍", "情况介绍", "概况", "description"),
              high=20_000),
        Field("internal", "内部说明", How.TEXT, ("内部说明", "内部备注"), high=20_000, personal=True),
        Field("tech_field", "技术领域", How.CODE, ("技术领域", "所属技术领域", "领域", "所属领域"),
              scheme=Scheme.TECH_FIELD),
        Field("chain_code", "产业链", How.CODE, ("产业链", "所属产业链"), scheme=Scheme.CHAIN),
        Field("keywords", "关键词", How.WORDS, ("关键词", "关键字", "标签"), high=50, most=20, several=True),
        Field("source", "来源", How.TEXT, ("来源", "数据来源", "信息来源"), required=True, low=1, high=200),
        Field("source_date", "数据日期", How.DATE, ("数据日期", "统计日期", "数据截止日期"), required=True),
    )  # fmt: skip


def _unit(*headers: str) -> tuple[Field, Field]:
    """Return the fields that name the unit an entry belongs to, where that is on the market."""
    label = "所属单位"
    names = (label, *headers)
    return (
        Field(ORGANISATION, label, How.TEXT, names, high=200),
        Field(ORGANISATION_USCC, "所属单位信用代码", How.IDENTIFIER,
              tuple(name + ending for name in names for ending in ("信用代码", "统一社会信用代码")),
              low=18, high=24),
    )  # fmt: skip


_USCC = Field("uscc", "统一社会信用代码", How.USCC, ("统一社会信用代码", "信用代码", "社会信用代码", "uscc"))

NODE_FIELDS = (
    *(replace(each, required=True) if each.name == "chain_code" else each
      for each in _entry("环节名称", "环节", "链环节")),
    *_unit(),
    Field("segment", "位置", How.CHOICE, ("位置", "环节位置", "上中下游"), required=True,
          choices=SEGMENT_NAMES),
    Field("wanted", "招引方向", How.TEXT, ("招引方向", "招商方向", "补链方向"), high=2000),
    Field("upstream", "上游环节", How.PIECES, ("上游环节", "前一环节"), most=50),
)  # fmt: skip

ENTERPRISE_FIELDS = (
    *_entry("企业名称", "企业", "单位名称"),
    *_unit(),
    replace(_USCC, required=True),
    Field("positions", "所在环节", How.POSITIONS, ("所在环节", "所在环节及角色", "环节"), most=50),
    Field("tags", "称号", How.TITLES, ("称号", "称号及年度", "企业称号", "资质"), most=100,
          scheme=Scheme.ENTERPRISE_TAG),
)  # fmt: skip

RESOURCE_FIELDS = (
    *_entry("资源名称", "平台名称", "仪器名称", "设备名称"),
    *_unit("依托单位", "建设单位", "运营单位"),
    Field("category", "类别", How.CODE, ("类别", "资源类别", "资源类型"), required=True,
          scheme=Scheme.RESOURCE_CATEGORY),
    Field("level", "级别", How.CODE, ("级别", "认定级别"), scheme=Scheme.RECOGNITION_LEVEL),
    Field("place", "地点", How.TEXT, ("地点", "地址", "所在地点"), high=200),
    Field("min_trl", "承接成熟度自", How.LEVEL, ("承接成熟度自", "承接最低成熟度")),
    Field("max_trl", "承接成熟度至", How.LEVEL, ("承接成熟度至", "承接最高成熟度")),
    Field("model", "型号", How.TEXT, ("型号", "规格型号"), high=100),
    Field("value_fen", "原值", How.MONEY, ("原值", "设备原值", "仪器原值")),
    Field("area_m2", "面积", How.INTEGER, ("面积", "场地面积", "建筑面积"), high=10**8),
    Field("opening_terms", "开放条件", How.TEXT, ("开放条件", "开放说明", "服务条件"), high=2000),
    Field("bookable", "预约", How.FLAG, ("预约", "是否可预约", "可预约")),
    Field("fee_fen_per_hour", "每小时收费", How.MONEY, ("每小时收费", "收费标准", "机时费")),
    Field("open_weekdays", "开放星期", How.WEEKDAYS, ("开放星期", "开放日")),
    Field("hours", "开放时间", How.HOURS, ("开放时间", "每日开放时间")),
    Field("contact", "联系方式", How.TEXT, ("联系方式", "联系人及电话", "联系人", "联系电话"),
          high=200, personal=True),
)  # fmt: skip

TECHNOLOGY_FIELDS = (
    *_entry("技术名称", "攻关技术", "课题名称", "榜单名称"),
    *_unit("提出单位", "需求单位"),
    Field("progress", "攻关进展", How.CODE, ("攻关进展", "进展"), scheme=Scheme.TECHNOLOGY_PROGRESS),
    Field("indicators", "攻关指标", How.TARGETS, ("攻关指标", "技术指标", "考核指标"), most=20),
    Field("node", "产业链环节", How.TEXT, ("产业链环节", "所在环节", "环节"), low=2, high=200),
    Field("gap", "短板说明", How.TEXT, ("短板说明", "短板", "卡脖子说明"), high=5000, personal=True),
    Field("gap_public", "短板公开", How.FLAG, ("短板公开", "短板是否公开")),
    Field("solved_on", "攻克日期", How.DATE, ("攻克日期", "突破日期")),
)  # fmt: skip

PROJECT_FIELDS = (
    *_entry("项目名称"),
    *_unit("牵头单位", "承担单位", "申报单位"),
    Field("category", "项目类别", How.CODE, ("项目类别", "类别", "项目类型"), required=True,
          scheme=Scheme.PROJECT_CATEGORY),
    Field("stage", "阶段", How.CODE, ("阶段", "项目阶段", "所处阶段"), scheme=Scheme.PROJECT_STAGE),
    Field("trl", "技术成熟度", How.LEVEL, ("技术成熟度", "成熟度", "trl")),
    Field("key_project", "重点项目", How.FLAG, ("重点项目", "是否重点项目")),
    Field("leader_name", "负责人", How.TEXT, ("负责人", "项目负责人"), low=1, high=64, personal=True),
    Field("members", "团队成员", How.PEOPLE, ("团队成员", "项目成员", "主要成员"), most=50, personal=True),
    Field("started_on", "开始日期", How.DATE, ("开始日期", "起始日期", "立项日期")),
    Field("ends_on", "结束日期", How.DATE, ("结束日期", "终止日期", "截止日期")),
    Field("total_fen", "总经费", How.MONEY, ("总经费", "项目总经费", "总投入")),
    Field("grant_fen", "财政资助", How.MONEY, ("财政资助", "财政资金", "财政经费")),
)  # fmt: skip

AGENCY_FIELDS = (
    *_entry("机构名称", "机构", "单位名称"),
    *_unit("依托单位"),
    Field("category", "机构类别", How.CODE, ("机构类别", "类别", "机构类型"), required=True,
          scheme=Scheme.AGENCY_CATEGORY),
    Field("tier", "层级", How.CODE, ("层级", "机构层级"), scheme=Scheme.AGENCY_TIER),
    _USCC,
    Field("filed_on", "备案日期", How.DATE, ("备案日期", "联通日期", "备案时间"), required=True),
    Field("valid_until", "有效期至", How.DATE, ("有效期至", "备案有效期至")),
    Field("services", "服务内容", How.WORDS, ("服务内容", "服务范围", "主营业务"), high=100, most=20),
    Field("transfer_staff", "技术转移从业人员", How.INTEGER, ("技术转移从业人员", "从业人员"), high=100_000),
    Field("above_scale", "规上", How.FLAG, ("规上", "是否规上", "是否规模以上")),
)  # fmt: skip

CONSORTIUM_FIELDS = (
    *_entry("联合体名称", "联盟名称"),
    *_unit("牵头单位"),
    Field("category", "类别", How.CODE, ("类别", "联合体类别", "类型"), required=True,
          scheme=Scheme.CONSORTIUM_KIND),
    Field("founded_on", "组建日期", How.DATE, ("组建日期", "成立日期"), required=True),
    Field("members", "成员单位", How.UNITS, ("成员单位", "成员", "参与单位"), most=200),
)  # fmt: skip

TALENT_FIELDS = tuple(
    replace(each, personal=True)
    for each in (
        *(each for each in _entry("名称") if each.name != "title"),
        *_unit(),
        Field("person_name", "姓名", How.TEXT, ("姓名", "人才姓名", "专家姓名", "name"), required=True,
              low=2, high=40),
        Field("unit_name", "工作单位", How.TEXT, ("工作单位", "单位", "单位名称", "affiliation"),
              required=True, low=2, high=100),
        Field("post", "职称或职务", How.TEXT, ("职称或职务", "职称", "职务", "职称职务"), high=50),
        Field("fields", "专业领域", How.CODES, ("专业领域", "专业", "从事领域"), most=11,
              scheme=Scheme.TECH_FIELD),
        Field("works", "代表成果", How.WORDS, ("代表成果", "主要成果", "成果"), high=300, most=50),
        Field("availability", "可服务时间", How.TEXT, ("可服务时间", "可服务时间和方式"), high=500),
        Field("contact", "联系方式", How.TEXT,
              ("联系方式", "联系电话", "电话", "手机", "邮箱", "phone", "email"),
              high=200),
        Field("declared_interests", "利益关系", How.TEXT, ("利益关系", "申报的利益关系"), high=2000),
        Field("roles", "身份", How.ROLES, ("身份", "身份及起止"), most=30),
        Field("role.role", "身份类别", How.CODE, ("身份类别", "人才类别", "人才类型"),
              scheme=Scheme.TALENT_ROLE),
        Field("role.level", "等级", How.CODE, ("等级", "技术经理人等级", "技术经纪人等级"),
              scheme=Scheme.BROKER_LEVEL),
        Field("role.certificate_no", "证书编号", How.IDENTIFIER, ("证书编号", "证书号"), high=64),
        Field("role.issuer", "发证机构", How.TEXT, ("发证机构", "发证单位"), high=200),
        Field("role.agency", "挂靠机构", How.TEXT, ("挂靠机构", "所在机构"), high=200),
        Field("role.trained_on", "培训日期", How.DATE, ("培训日期", "培训时间")),
        Field("role.valid_from", "身份起始日期", How.DATE,
              ("身份起始日期", "有效期起", "聘期起", "证书有效期起", "发证日期")),
        Field("role.valid_until", "身份终止日期", How.DATE,
              ("身份终止日期", "有效期止", "聘期止", "证书有效期止", "有效期至")),
        Field("role.note", "身份说明", How.TEXT, ("身份说明",), high=500),
        Field("consent.scopes", "同意范围", How.CHOICES, ("同意范围", "授权范围", "本人同意事项"), most=3,
              choices=CONSENT_SCOPE_NAMES),
        Field("consent.given_on", "同意日期", How.DATE, ("同意日期", "授权日期")),
        Field("consent.evidence", "同意依据", How.TEXT, ("同意依据", "授权依据", "同意书编号"), high=500),
    )
)  # fmt: skip
"""All of it is about a person: no cell is ever shown or kept."""

REGISTER_FIELDS: Mapping[ImportKind, tuple[Field, ...]] = {
    ImportKind.NODES: NODE_FIELDS,
    ImportKind.ENTERPRISES: ENTERPRISE_FIELDS,
    ImportKind.RESOURCES: RESOURCE_FIELDS,
    ImportKind.TECHNOLOGIES: TECHNOLOGY_FIELDS,
    ImportKind.PROJECTS: PROJECT_FIELDS,
    ImportKind.TALENTS: TALENT_FIELDS,
    ImportKind.AGENCIES: AGENCY_FIELDS,
    ImportKind.CONSORTIA: CONSORTIUM_FIELDS,
}
