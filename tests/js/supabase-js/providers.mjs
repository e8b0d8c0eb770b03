// Signing in with a provider: the whole way of a browser, and what the client makes of where it lands.
import assert from "node:assert/strict";
import { beforeEach, describe, test } from "node:test";
import { API, browse, client, fragment, newVisitor, refuses, SITE, succeeds } from "./support.mjs";

describe("signing in with a provider", () => {
  beforeEach(newVisitor);

  for (const provider of ["github", "google"]) {
    test(`${provider}, with a code that the client exchanges`, async () => {
      const { auth } = client({ flowType: "pkce" });
      const options = { redirectTo: `${SITE}/compte`, scopes: "email" };
      const { url } = await succeeds(auth.signInWithOAuth({ provider, options }));
      assert.ok(url.startsWith(`${API}/auth/v1/authorize?provider=${provider}&`));
      const landed = await browse(url);
      assert.equal(landed.pathname, "/compte");
      const { session, user } = await succeeds(auth.exchangeCodeForSession(landed.searchParams.get("code")));
      assert.deepEqual(user.app_metadata, { provider, providers: [provider] });
      assert.equal(session.user.id, (await succeeds(auth.getUser())).user.id);
      const { identities } = await succeeds(auth.getUserIdentities());
      assert.deepEqual(identities.map((one) => one.provider), [provider]);
    });

    test(`${provider}, with the session in the address`, async () => {
      const { auth } = client({ flowType: "implicit" });
      const { url } = await succeeds(auth.signInWithOAuth({ provider, options: { redirectTo: `${SITE}/compte` } }));
      const landed = await browse(url);
      assert.equal(landed.pathname, "/compte");
      assert.equal(landed.search, "");
      const data = await succeeds(auth.setSession(fragment(landed)));
      assert.equal(data.user.app_metadata.provider, provider);
      await succeeds(auth.refreshSession());
    });
  }

  test("a code is exchanged once, by the client that set out", async () => {
    const { auth } = client({ flowType: "pkce" });
    const { url } = await succeeds(auth.signInWithOAuth({ provider: "github", options: { redirectTo: SITE } }));
    const code = (await browse(url)).searchParams.get("code");
    const other = client({ flowType: "pkce" });
    await succeeds(other.auth.signInWithOAuth({ provider: "github" }));
    await refuses(other.auth.exchangeCodeForSession(code), 404, "flow_state_not_found");
    await refuses(
      client({ flowType: "pkce" }).auth.exchangeCodeForSession(code),
      400,
      "pkce_code_verifier_not_found",
      "AuthPKCECodeVerifierMissingError",
    );
    await refuses(auth.exchangeCodeForSession(code), 404, "flow_state_not_found");
  });

  test("a provider that is not known is refused", async () => {
    const { url } = await succeeds(client().auth.signInWithOAuth({ provider: "gitlab" }));
    const answer = await fetch(url, { redirect: "manual" });
    assert.equal(answer.status, 400);
    assert.equal((await answer.json()).error_code, "oauth_provider_not_supported");
  });
});
