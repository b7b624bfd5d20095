"""Which counter answers which indicator of the plans: the one table of it."""

from __future__ import annotations

from collections.abc import Mapping

from market.turnover.progress.counters import agencies, enterprises, listings, people, projects, resources
from market.turnover.progress.counting import Counter

MANAGER = "技术经理人（经纪人）"
INCUBATORS = {"incubator": "孵化器", "maker_space": "众创空间", "agri_incubator": "星创天地"}
RD_INSTITUTION = {"rd_institution": "新型研发机构"}

COUNTERS: Mapping[str, Counter] = {
    # Needs and achievements.
    "valid_needs": listings.valid_needs(),
    "published_listings": listings.published(),
    # Agencies on file.
    "transfer_agencies": agencies.standing("transfer", "技术转移机构"),
    "new_transfer_agencies": agencies.filed("transfer", "技术转移机构"),
    "demonstration_agencies": agencies.standing(
        "transfer", "技术转移机构", tier="demonstration", tier_name="示范机构"
    ),
    "linked_regional_centres": agencies.standing("regional_centre", "国家技术转移区域中心"),
    "linked_national_agencies": agencies.standing("national_transfer", "国家技术转移机构"),
    "regional_branches": agencies.standing("branch", "省技术交易市场区域分中心"),
    "industry_branches": agencies.standing("industry_branch", "行业分中心、工作站"),
    "attracted_global_agencies": agencies.filed("global", "引进的全球科技服务机构"),
    "service_agencies": agencies.above_scale(),
    "transfer_staff": agencies.transfer_staff(),
    # People.
    "trained_brokers": people.trained("technology_manager", MANAGER),
    "cultivated_brokers": people.appointed("technology_manager", MANAGER),
    "affiliated_brokers": people.affiliated("technology_manager", MANAGER),
    "chain_fusion_specialists": people.dispatched("chain_fusion", "双链融合专员"),
    "industrial_internet_specialists": people.dispatched("industrial_internet", "工业互联网服务专员"),
    # Projects, challenges, key technologies.
    "new_conversion_projects": projects.begun("conversion", "科技成果转化项目", key_only=True),
    "key_innovation_projects": projects.begun("innovation", "科技创新与产业化项目", key_only=True),
    "collaboration_projects": projects.begun("collaboration", "产学研合作项目"),
    "key_collaboration_projects": projects.begun("collaboration", "产学研合作项目", key_only=True),
    "new_talent_projects": projects.begun("talent", "创新创业人才项目"),
    "key_challenge_projects": projects.awarded_key_challenges(),
    "core_technology_breakthroughs": projects.solved(),
    # Consortia.
    "new_university_enterprise_alliances": agencies.founded("alliance", "校企联盟"),
    "new_innovation_consortia": agencies.founded("innovation", "创新联合体"),
    "future_college_partner_enterprises": agencies.partners("future_college", "未来技术学院"),
    # Enterprises and their titles.
    "hitech_enterprises": enterprises.titled("hitech", "高新技术企业"),
    "sme_tech_enterprises": enterprises.titled("sme_tech", "科技型中小企业"),
    "hitech_pool_intake": enterprises.newly_titled("hitech_pool", "高新技术企业培育库入库企业"),
    "four_tech_standard_enterprises": enterprises.titled("four_tech", "“四科”标准企业"),
    "little_giant_enterprises": enterprises.titled("little_giant", "国家级专精特新“小巨人”企业"),
    "new_little_giant_enterprises": enterprises.newly_titled("little_giant", "国家级专精特新“小巨人”企业"),
    "eaglet_enterprises": enterprises.titled("eaglet", "雏鹰企业"),
    "new_eaglet_enterprises": enterprises.newly_titled("eaglet", "雏鹰企业"),
    "gazelle_enterprises": enterprises.titled("gazelle", "瞪羚企业"),
    "new_gazelle_enterprises": enterprises.newly_titled("gazelle", "瞪羚企业"),
    "quasi_unicorn_enterprises": enterprises.titled("quasi_unicorn", "准独角兽企业"),
    "new_quasi_unicorn_enterprises": enterprises.newly_titled("quasi_unicorn", "准独角兽企业"),
    "new_star_market_listings": enterprises.newly_titled("star_market", "科创板上市企业"),
    "attracted_tech_enterprises": enterprises.newly_titled("attracted", "招引科技型企业"),
    # Innovation resources.
    "rd_institutions": resources.standing("新型研发机构", RD_INSTITUTION),
    "new_rd_institutions": resources.newly_recognised("新型研发机构", RD_INSTITUTION),
    "new_rd_units": resources.newly_recognised(
        "企业研发机构", {"rd_unit": "企业研发机构"}, level="municipal"
    ),
    "incubators": resources.recognised(
        "孵化器、众创空间和星创天地",
        INCUBATORS,
        level="municipal",
        unjudged="是否“经营活跃”不作判断，",
    ),
    "new_incubators": resources.newly_recognised("孵化器、众创空间和星创天地", INCUBATORS, level="municipal"),
    "new_provincial_incubators": resources.newly_recognised(
        "孵化器、众创空间和星创天地", INCUBATORS, level="provincial"
    ),
    "industrial_innovation_platforms": resources.newly_recognised(
        "产业技术创新平台", {"industrial_platform": "产业技术创新平台"}
    ),
    "complexes": resources.standing("科创综合体、人才综合体", {"complex": "科创综合体、人才综合体"}),
    "maker_communities": resources.standing("众创社区", {"maker_community": "众创社区"}),
    "service_clusters": resources.recognised(
        "科技服务业集聚区、特色基地", {"service_cluster": "科技服务业集聚区、特色基地"}, level="municipal"
    ),
    "offshore_centres": resources.newly_recognised("离岸创新中心", {"offshore_centre": "离岸创新中心"}),
    "industrialisation_bases": resources.standing(
        "科技成果产业化基地", {"industrialisation_base": "科技成果产业化基地"}, undated=True
    ),
    # What new-type R&D institutions state in their yearly evaluations.
    "rd_institution_served_enterprises": resources.evaluated("服务企业", unit="家"),
    "rd_institution_matches": resources.evaluated("成果对接", unit="项"),
    "rd_institution_conversion_projects": resources.evaluated("成果转化项目", unit="项"),
    "rd_institution_platforms": resources.evaluated("创新平台", unit="家"),
    "incubated_enterprises": resources.evaluated("孵化企业", unit="家"),
    # The sharing of resources.
    "resource_platform_agencies": resources.sharing_units(),
    "resource_platform_served_enterprises": resources.served_enterprises(),
}
"""By indicator. Contract amounts, rankings and shares are answered beside it, by `progress`."""
