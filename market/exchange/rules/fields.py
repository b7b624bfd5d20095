"""What can be imported: the fields of each kind, and the column names under which forms have them.

Names come from the need, achievement and registration forms in use (local forms mostly agree on
them) and from the market's own field names, so that its own exports can be read back.
"""

from __future__ import annotations

from collections.abc import Mapping

from market.exchange.rules.field import (
    BROKERED,
    ORGANISATION,
    ORGANISATION_USCC,
    TOPIC,
    VALIDITY,
    Field,
    How,
)
from market.exchange.rules.register_fields import REGISTER_FIELDS
from market.exchange.rules.runs import ImportKind
from market.reference.rules import Scheme

_LISTING = (
    Field("external_id", "外部编号", How.IDENTIFIER, ("外部编号", "编号", "id", "外部id"), low=1, high=64),
    Field("keywords", "关键词", How.WORDS, ("关键词", "关键字", "主题词", "标签", "tags"), high=50, most=20,
          several=True),
    Field(TOPIC, "学科（并入关键词）", How.WORDS,
          ("一级学科", "二级学科", "学科", "所属学科", "学科分类", "discipline", "subject"),
          high=50, most=20, several=True),
    Field("tech_field", "技术领域", How.CODE,
          ("技术领域", "所属技术领域", "领域", "所属领域", "所属高新技术领域", "高新技术领域", "field"),
          scheme=Scheme.TECH_FIELD, soft=True),
    Field("industry_code", "国民经济行业", How.CODE,
          ("行业", "所属行业", "国民经济行业", "应用行业", "行业代码", "industry"),
          scheme=Scheme.INDUSTRY, soft=True),
    Field("chain_code", "产业链", How.CODE, ("产业链", "所属产业链", "所属产业", "chain"),
          scheme=Scheme.CHAIN, soft=True),
    Field("indicators", "技术指标", How.INDICATORS, ("技术指标", "主要技术指标", "技术指标要求", "指标")),
    Field("confidential", "保密内容", How.TEXT, ("保密内容", "保密详情", "不公开内容"), high=20_000,
          personal=True),
    Field("contact_name", "联系人", How.TEXT, ("联系人", "联系人姓名"), low=1, high=64, personal=True),
    Field("contact_phone", "联系电话", How.IDENTIFIER,
          ("联系电话", "电话", "手机", "手机号", "联系人电话", "联系方式", "phone"),
          pattern=r"[0-9+\-() ]{5,32}", personal=True),
    Field("source", "信息来源", How.TEXT, ("信息来源", "来源", "网址", "链接", "url"), high=200),
    Field("expires_on", "有效期至", How.DATE, ("有效期至", "有效期", "有效期限", "失效日期")),
    Field(ORGANISATION_USCC, "单位信用代码", How.IDENTIFIER,
          ("统一社会信用代码", "信用代码", "社会信用代码", "单位信用代码", "uscc"), low=18, high=24),
)  # fmt: skip

NEED_FIELDS = (
    Field("title", "需求名称", How.TEXT,
          ("需求名称", "名称", "标题", "需求标题", "技术需求名称", "难题名称", "项目名称", "title"),
          required=True, low=4, high=200),
    Field("body", "需求详情", How.TEXT,
          ("需求详情", "详情", "需求描述", "需求内容", "需求简介", "拟解决的技术难题", "技术难题", "问题描述",
           "需求说明", "描述", "内容", "description", "body"),
          required=True, low=10, high=20_000),
    *_LISTING,
    Field("need_type", "需求类型", How.CODE, ("需求类型", "需求类别", "类型"), scheme=Scheme.NEED_TYPE),
    Field("existing_conditions", "现有基础条件", How.TEXT, ("现有基础条件", "现有基础", "基础条件"),
          high=5000),
    Field("cooperation_modes", "合作方式", How.CODES, ("合作方式", "合作模式", "拟合作方式"),
          scheme=Scheme.COOPERATION_MODE, most=10),
    Field("budget_fen", "预算", How.MONEY,
          ("预算", "预算金额", "合作价格", "拟投入资金", "投入资金", "意向金额", "需求预算", "budget")),
    Field("min_trl", "最低成熟度", How.LEVEL, ("最低成熟度", "成熟度要求", "技术成熟度要求")),
    Field("desired_partners", "意向合作单位", How.TEXT,
          ("意向合作单位", "意向单位", "意向合作单位及专家"), high=500),
    Field("deadline", "完成期限", How.DATE, ("完成期限", "需求期限", "解决期限", "截止日期", "deadline")),
    Field(ORGANISATION, "单位名称", How.TEXT,
          ("单位名称", "企业名称", "需求单位", "发布单位", "提出单位", "单位", "企业", "company"), high=200),
)  # fmt: skip

ACHIEVEMENT_FIELDS = (
    Field("title", "成果名称", How.TEXT,
          ("成果名称", "名称", "标题", "成果标题", "项目名称", "技术名称", "title"),
          required=True, low=4, high=200),
    Field("body", "成果简介", How.TEXT,
          ("成果简介", "简介", "摘要", "成果介绍", "成果描述", "成果内容", "技术简介", "描述", "内容",
           "详情", "abstract", "description", "body"),
          required=True, low=10, high=20_000),
    *_LISTING,
    Field("trl", "技术成熟度", How.LEVEL, ("技术成熟度", "成熟度", "技术就绪度", "技术成熟度等级", "trl")),
    Field("stage", "成果所处阶段", How.CODE, ("成果所处阶段", "所处阶段", "成果阶段", "阶段"),
          scheme=Scheme.ACHIEVEMENT_STAGE),
    Field("attribute", "成果属性", How.CODE, ("成果属性", "属性"), scheme=Scheme.ACHIEVEMENT_ATTRIBUTE),
    Field("transfer_modes", "转化方式", How.CODES, ("转化方式", "拟采取的转化方式", "拟转化方式", "合作方式"),
          scheme=Scheme.TRANSFER_MODE, most=10),
    Field("pricing_mode", "定价方式", How.CODE, ("定价方式", "交易方式"), scheme=Scheme.PRICING_MODE),
    Field("price_fen", "价格", How.MONEY, ("价格", "合作价格", "意向价格", "转让价格", "报价", "price")),
    Field("ip", "知识产权", How.RIGHTS, ("知识产权", "知识产权形式", "专利号", "专利申请号", "专利情况")),
    Field("registration_no", "批准登记号", How.IDENTIFIER, ("批准登记号", "成果登记号", "登记号"),
          pattern=r"[0-9A-Z]{3}[0-9]{4}Y[0-9]{4}"),
    Field("completers", "完成人", How.WORDS, ("完成人", "成果完成人", "主要完成人", "负责人"),
          high=64, most=50, personal=True),
    Field("awards", "获奖情况", How.TEXT, ("获奖情况", "获奖", "所获奖励"), high=500),
    Field(ORGANISATION, "单位名称", How.TEXT,
          ("单位名称", "完成单位", "第一完成单位", "成果完成单位", "持有单位", "所属单位",
           "高校名称", "单位"), high=200),
)  # fmt: skip


def _party(side: str, label: str, *others: str) -> tuple[Field, ...]:
    names = (label, *others)

    def headers(*suffixes: str) -> tuple[str, ...]:
        return tuple(name + suffix for name in names for suffix in suffixes)

    return (
        Field(f"{side}.name", f"{label}名称", How.TEXT, headers("名称", "", "单位名称", "全称"),
              required=True, low=1, high=200),
        Field(f"{side}.uscc", f"{label}信用代码", How.IDENTIFIER,
              headers("统一社会信用代码", "信用代码", "社会信用代码"), low=18, high=24),
        Field(f"{side}.nature_code", f"{label}性质", How.CODE,
              headers("性质", "类型", "单位性质", "性质代码", "单位类型"), required=True,
              scheme=Scheme.PARTY_NATURE),
        Field(f"{side}.country_code", f"{label}国家（地区）", How.COUNTRY,
              headers("国家", "国别", "国家(地区)", "国家或地区", "国别代码", "国家代码", "国家地区代码"),
              scheme=Scheme.PARTY_COUNTRY),
        Field(f"{side}.region_code", f"{label}行政区划", How.REGION,
              headers("行政区划", "行政区划代码", "所在地", "所属地区", "地区", "所在地区", "区划代码",
                      "所在区划")),
        Field(f"{side}.park_code", f"{label}园区", How.PARK, headers("园区", "所在园区", "所属园区")),
    )  # fmt: skip


CONTRACT_FIELDS = (
    Field("reg_no", "登记编号", How.IDENTIFIER,
          ("登记编号", "合同登记编号", "合同登记号", "登记证明编号", "合同编号"),
          required=True, pattern=r"[0-9]{14}|[0-9]{16}"),
    Field("registered_on", "登记日期", How.DATE, ("登记日期", "合同登记日期", "认定登记日期"), required=True),
    Field("external_id", "外部编号", How.IDENTIFIER, ("外部编号", "系统编号", "id", "外部id"),
          low=1, high=64),
    Field("project_name", "项目名称", How.TEXT, ("项目名称", "合同名称", "合同项目名称"),
          required=True, low=1, high=300),
    Field("type_code", "合同类别", How.CODE, ("合同类别", "合同类型", "类别", "技术合同类别"), required=True,
          scheme=Scheme.CONTRACT_TYPE),
    Field("subtype_code", "合同小类", How.CODE, ("合同小类", "合同子类", "小类", "二级类别"),
          scheme=Scheme.CONTRACT_SUBTYPE),
    Field(BROKERED, "所促成合同登记编号", How.IDENTIFIER,
          ("所促成合同登记编号", "促成合同登记编号", "中介合同所促成的合同"), pattern=r"[0-9]{14}|[0-9]{16}"),
    Field("signed_on", "签订日期", How.DATE, ("签订日期", "合同签订日期", "签约日期"), required=True),
    Field("valid_from", "有效期起", How.DATE, ("有效期起", "合同有效期起", "开始日期", "起始日期")),
    Field("valid_to", "有效期止", How.DATE,
          ("有效期止", "合同有效期止", "结束日期", "终止日期")),
    Field(VALIDITY, "有效期限", How.PERIOD, ("有效期限", "合同有效期限", "有效期", "履行期限", "合同期限")),
    *_party("seller", "卖方", "让与方", "出让方"),
    *_party("buyer", "买方", "受让方", "委托方"),
    Field("tech_field", "技术领域", How.CODE, ("技术领域", "所属技术领域", "领域"), required=True,
          scheme=Scheme.TECH_FIELD),
    Field("ip_kind", "知识产权类型", How.CODE, ("知识产权类型", "知识产权", "涉及知识产权"), required=True,
          scheme=Scheme.IP_KIND),
    Field("licence_kind", "许可方式", How.CODE, ("许可方式", "许可类型"), scheme=Scheme.LICENCE_KIND),
    Field("plan_source", "计划来源", How.CODE, ("计划来源", "项目计划来源"), required=True,
          scheme=Scheme.PLAN_SOURCE),
    Field("seo", "社会经济目标", How.CODE, ("社会经济目标", "社会经济目的"), scheme=Scheme.SEO),
    Field("industry_code", "国民经济行业", How.CODE,
          ("国民经济行业", "服务的国民经济行业", "服务行业", "所属行业", "行业"), scheme=Scheme.INDUSTRY),
    Field("total_amount_fen", "合同成交额", How.MONEY,
          ("合同成交额", "成交额", "合同成交金额", "合同金额", "合同总金额", "合同交易总额", "成交金额"),
          required=True),
    Field("tech_amount_fen", "技术交易额", How.MONEY,
          ("技术交易额", "技术交易金额", "技术合同交易额", "其中技术交易额"),
          required=True),
    Field("amount_is_estimate", "金额为估计", How.FLAG, ("金额为估计", "估计金额", "是否估计金额")),
    Field("payment_mode", "支付方式", How.CODE, ("支付方式", "付款方式"), required=True,
          scheme=Scheme.PAYMENT_MODE),
    Field("royalty_base", "提成基数", How.CODE, ("提成基数", "提成方式", "提成依据"),
          scheme=Scheme.ROYALTY_BASE),
    Field("royalty_terms", "提成约定", How.TEXT, ("提成约定", "提成比例", "提成说明", "提成条款"),
          low=1, high=500),
    Field("currency", "币种", How.CODE, ("币种", "币别", "货币", "货币种类"), scheme=Scheme.CURRENCY),
    Field("foreign_amount", "外币金额", How.FOREIGN, ("外币金额", "原币金额", "外币成交额")),
    Field("exchange_rate", "汇率", How.IDENTIFIER, ("汇率", "折算汇率"),
          pattern=r"[0-9]{1,12}(\.[0-9]{1,10})?"),
    Field("rate_on", "汇率日期", How.DATE, ("汇率日期", "折算日期")),
    Field("rate_source", "汇率来源", How.TEXT, ("汇率来源",), low=1, high=100),
    Field("new_input_fen", "预计新增投入", How.MONEY, ("预计新增投入", "新增投入")),
    Field("new_output_fen", "预计新增产值", How.MONEY, ("预计新增产值", "新增产值")),
    Field("related_party", "关联交易", How.FLAG, ("是否关联交易", "关联交易")),
    Field(ORGANISATION, "登记机构", How.TEXT, ("登记机构", "登记站", "登记点", "技术合同登记机构"), high=200),
    Field(ORGANISATION_USCC, "登记机构信用代码", How.IDENTIFIER, ("登记机构信用代码",), low=18, high=24),
)  # fmt: skip

FIELDS: Mapping[ImportKind, tuple[Field, ...]] = {
    ImportKind.NEEDS: NEED_FIELDS,
    ImportKind.ACHIEVEMENTS: ACHIEVEMENT_FIELDS,
    ImportKind.CONTRACTS: CONTRACT_FIELDS,
    **REGISTER_FIELDS,
}


def fields_by_name(kind: ImportKind) -> dict[str, Field]:
    """Return the fields of a kind by name."""
    return {field.name: field for field in FIELDS[kind]}
