"""Organisations, users and tokens over HTTP."""

from __future__ import annotations

from typing import Any

import flask

from market.accounts import queries, service
from market.accounts.auth import current_actor, current_user_id, find_current_actor
from market.accounts.rules import Role
from market.accounts.schemas import (
    IssuedTokenView,
    MeView,
    OrganisationArgs,
    OrganisationChange,
    OrganisationInput,
    OrganisationOwnView,
    OrganisationView,
    PasswordInput,
    TokenInput,
    TokenView,
    UserArgs,
    UserInput,
    UserView,
    VerificationInput,
)
from market.errors import violation
from market.http.edge import edge, now, page_request, reading, transaction
from market.http.etag import IF_MATCH_DOC, expected_version, versioned
from market.http.limits import limiter, login_key, login_limit
from market.http.schema import MarketBlueprint, page_of

blp = MarketBlueprint("accounts", __name__, description="单位、用户与访问令牌")


@blp.route("/tokens", methods=["POST"])
@limiter.limit(login_limit, key_func=login_key)
@blp.arguments(TokenInput)
@blp.response(201, IssuedTokenView)
def issue_token(form: dict[str, Any]) -> Any:
    """登录：以登录名和密码换取访问令牌"""
    days = form.get("days", edge().settings.token_days)
    with transaction() as session:
        secret, token = service.issue_token(
            session, login=form["login"], password=form["password"], name=form["name"], days=days, now=now()
        )
    return {
        "id": token.id,
        "name": token.name,
        "created_at": token.created_at,
        "expires_at": token.expires_at,
        "token": secret,
    }


@blp.route("/tokens")
@blp.response(200, TokenView(many=True))
def list_tokens() -> Any:
    """列出自己的访问令牌"""
    with reading() as session:
        return queries.list_tokens(session, current_actor(session))


@blp.route("/tokens/<int:token_id>", methods=["DELETE"])
@blp.response(204)
def revoke_token(token_id: int) -> None:
    """吊销自己的一个访问令牌"""
    with transaction() as session:
        service.revoke_token(session, current_actor(session), token_id, now=now())


@blp.route("/me")
@blp.response(200, MeView)
def get_me() -> Any:
    """查看当前用户及其单位"""
    with reading() as session:
        user = queries.get_user(session, current_user_id(current_actor(session)))
        _ = user.organisation  # loaded while the session is open
        return user


@blp.route("/me/passwords", methods=["POST"])
@limiter.limit(login_limit)
@blp.arguments(PasswordInput)
@blp.response(204)
def change_password(form: dict[str, Any]) -> None:
    """修改自己的密码；所有令牌随即失效，须重新登录"""
    with transaction() as session:
        service.change_password(session, current_actor(session), old=form["old"], new=form["new"], now=now())


@blp.route("/users")
@blp.arguments(UserArgs, location="query")
@blp.response(200, page_of(UserView))
def list_users(args: dict[str, Any]) -> Any:
    """列出用户（管理员看全部，其他人看本单位）"""
    page = page_request(args)
    with reading() as session:
        return queries.list_users(session, current_actor(session), page=page, **args)


@blp.route("/users", methods=["POST"])
@blp.arguments(UserInput)
@blp.response(201, UserView)
def create_user(form: dict[str, Any]) -> Any:
    """创建用户（管理员，或本单位成员为本单位创建）"""
    with transaction() as session:
        return service.create_user(session, current_actor(session), form=form, now=now())


@blp.route("/users/<int:user_id>/deactivations", methods=["POST"])
@blp.response(200, UserView)
def deactivate_user(user_id: int) -> Any:
    """停用用户，其令牌同时失效"""
    with transaction() as session:
        return service.deactivate_user(session, current_actor(session), user_id, now=now())


@blp.route("/users/<int:user_id>/activations", methods=["POST"])
@blp.response(200, UserView)
def activate_user(user_id: int) -> Any:
    """恢复已停用的用户"""
    with transaction() as session:
        return service.activate_user(session, current_actor(session), user_id, now=now())


@blp.route("/organisations", methods=["POST"])
@limiter.limit("30 per hour")
@blp.arguments(OrganisationInput)
@blp.response(201, OrganisationOwnView)
def register_organisation(form: dict[str, Any]) -> Any:
    """登记单位及其首个用户，等待主管部门核验"""
    user = form.pop("user", None)
    with transaction() as session:
        actor = find_current_actor(session)
        if actor is not None and actor.role is Role.ADMIN:
            return versioned(service.register_organisation(session, actor, form=form, now=now()), 201)
        if user is None:
            raise violation("/user", "user-missing", "请填写首个用户的登录名、姓名和密码。")
        return versioned(service.register_with_user(session, form=form, user=user, now=now()), 201)


@blp.route("/organisations")
@blp.arguments(OrganisationArgs, location="query")
@blp.response(200, page_of(OrganisationView))
def list_organisations(args: dict[str, Any]) -> Any:
    """列出单位"""
    page = page_request(args)
    with reading() as session:
        return queries.list_organisations(session, current_actor(session), page=page, **args)


@blp.route("/organisations/<int:organisation_id>")
@blp.response(200, OrganisationOwnView)
def get_organisation(organisation_id: int) -> Any:
    """查看单位；联系人仅本单位与主管部门可见"""
    with reading() as session:
        actor = current_actor(session)
        organisation = queries.get_organisation(session, organisation_id)
        own = queries.sees_contact(actor, organisation)
    body = (OrganisationOwnView if own else OrganisationView)().dump(organisation)
    return flask.jsonify(body), 200, {"ETag": f'"{organisation.version}"'}


@blp.route("/organisations/<int:organisation_id>", methods=["PATCH"])
@blp.doc(**IF_MATCH_DOC)
@blp.arguments(OrganisationChange)
@blp.response(200, OrganisationOwnView)
def change_organisation(changes: dict[str, Any], organisation_id: int) -> Any:
    """修改单位信息；名称、信用代码、地区变更后需重新核验"""
    version = expected_version()
    with transaction() as session:
        return versioned(
            service.change_organisation(
                session, current_actor(session), organisation_id, changes=changes, version=version, now=now()
            )
        )


@blp.route("/organisations/<int:organisation_id>/verifications", methods=["POST"])
@blp.arguments(VerificationInput)
@blp.response(200, OrganisationOwnView)
def verify_organisation(form: dict[str, Any], organisation_id: int) -> Any:
    """核验单位（所在地主管部门）"""
    with transaction() as session:
        return versioned(
            service.verify_organisation(
                session,
                current_actor(session),
                organisation_id,
                decision=form["decision"],
                note=form["note"],
                now=now(),
            )
        )
