"""Words by which a need is read, as data; collected from needs as enterprises write them.

Each is a list of words with blanks between. Units and the words of wishes are read with care for what else
they may mean, see `reading`.
"""

MEASURES = """
小时 个小时 钟头 个钟头 月 个月 分钟 秒 天 周 吨 公斤 斤 克 毫克 微克 升 毫升 毫米 微米 厘米 纳米 米 公里 度
级 元 块 毛 分钱 厘 次 遍 件 只 台 人 卷 片 根 张 页 个 趟 亩 户 瓦 伏 帕 兆帕 兆 百分点 个百分点 个点
分贝 赫兹 千赫 兆赫 千帕 牛米 千瓦 千瓦时 度电 毫安 毫伏 毫秒 毫欧 立方 立方米 平方
平方米 平方毫米 摄氏度 转 丝
"""
"""What is counted with Chinese numerals."""

LIMITS = """
≥ ≤ > < >= <= ± 正负 不低于 不高于 不少于 不多于 不超过 不超 不大于 不小于 不长于 不慢于 别超 别超过
别低于 别过 不能低于 不能高于 不能超过 不得低于 不得高于 不得超过 至少 最多 最少 最小
"""
"""What stands before the figure of a goal, and seldom before one that tells how things are."""

COMPARISONS = """
不到 低于 高于 小于 大于 少于 多于 超过 达到 用到
"""
"""What may stand before either: 「合格率低于八成」 is a complaint where no wish goes before it."""

CHANGES = """
降到 降至 降低到 降低至 减到 减至 减少到 减少至 压到 压至 压回 压掉 压在 砍到 砍掉 控制在 控制到 控在 做到
提到 提高到 提高至 提升到 提升至 增加到 缩短到 缩短至 缩到 稳定在 稳在 保持在 保证在 守住 恢复到 延长到
延长至 拉到
"""
"""What brings something to a figure: 「降到15」."""

STEPS = """
提高 提升 增加 降低 减少 缩短 延长 节约 节省 省下
"""
"""What changes something by a figure: 「降两成」."""

PRESENT = """
现在 现有 现状 目前 现用 现行 如今 当前 去年 前年 上月 上一年 上年度 今年 已 试过 以前 原来 原先 实际 只有
高达
"""
"""What shows that a figure says how things are."""

PROFILE = """
员工 职工 工人 注册 成立 创办 创建 占地 厂房 建筑面积 年产 日产 月产 产值 销售 营收 利润 主要 主营 拥有 共有
设有 配有 专利 认证 市场 需求量 投诉 消耗 损失 赔
"""
"""What a figure of the enterprise or its complaint is about."""

OURSELVES = """
我厂 我司 我公司 我单位 我们厂 我们公司 本厂 本公司 公司 车间 厂里 设备是
"""
"""Who is told about in what follows a wish: 「我厂有三台」."""

CONDITIONS = """
现在 现有 现状 目前 现用 现行 如今 当前 我们 我司 我厂 我公司 我单位 本厂 本公司 已有 已建 试过 用过 换过 做过
找过 原来 去年 日产 月产 年产 产线 生产线 样机
"""
"""What begins a description of the present conditions."""

EMPTY = """
提高效率 提升效率 提高生产效率 提升生产效率 提高质量 提升质量 提高品质 提升品质 提高性能 提升性能 提高水平
提升水平 优化工艺 改进工艺 降本增效 提质增效 降低成本 节能降耗 行业领先 国内领先 国际领先 世界领先 领先水平
先进水平 国内先进 国际先进 技术先进 一流 性能优良 性能优异 大幅提高 大幅提升 大幅降低 显著提高 显著提升
显著降低 明显改善 明显提高 全面提升 智能化水平 自动化水平 数字化水平 高质量 高水平 高性能 更好的 较好的 效果好
"""
"""Big words that can be measured by nothing."""

TRADE = """
采购 购买 购置 求购 代购 采买 代理商 经销商 招聘 招募 招工 聘请 融资 贷款 招商 租赁 出售
"""
"""What is asked of a supplier, an employment office or a bank."""

TECHNICAL = """
技术 工艺 研发 开发 研究 研制 攻关 改造 方案 算法 配方 解决 办法 方法 优化 替代 国产化
"""
"""What makes a purchase a wish for technology after all: 「采购一套工艺」."""

TRADITIONAL = (
    "內個達於過標術點無後見從種條強圍億萬兩幾採購應環節領產壟斷進國賴禁運開發現沒請門卻減縮將購買聘資別"
)
SIMPLIFIED = (
    "内个达于过标术点无后见从种条强围亿万两几采购应环节领产垄断进国赖禁运开发现没请门却减缩将购买聘资别"
)
"""Characters of the words above, as some enterprises write them, and as they are looked for."""
