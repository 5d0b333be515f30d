package adit.l7;

import adit.l7.RequestPolicy.Account;
import adit.l7.RequestPolicy.Action;
import adit.l7.RequestPolicy.Attribute;
import adit.l7.RequestPolicy.Condition;
import adit.l7.RequestPolicy.Operation;
import adit.l7.RequestPolicy.PathPattern;
import adit.l7.RequestPolicy.Property;
import adit.l7.RequestPolicy.Source;
import adit.model.Cidr;
import adit.model.InvalidResource;
import adit.model.Policy.StringMatch;
import adit.model.Policy.Values;
import com.google.re2j.Pattern;
import java.util.List;
import java.util.Locale;

/// Policies as checked records.
final class DecodePolicy {
  private static final String HEADERS = "request.headers[";
  private static final String CLAIMS = "request.auth.claims";
  private static final int MAX_RULES = 10_000;

  private final Checked checked;

  DecodePolicy(Checked checked) {
    this.checked = checked;
  }

  RequestPolicy policy(adit.protos.l7.RequestPolicy wire) throws InvalidResource {
    Action action =
        switch (wire.getAction()) {
          case ALLOW -> Action.ALLOW;
          case DENY -> Action.DENY;
          case AUDIT -> Action.AUDIT;
          case CUSTOM -> Action.CUSTOM;
          case ACTION_UNSPECIFIED, UNRECOGNIZED ->
              throw checked.bad("action", wire.getActionValue(), "ALLOW, DENY, AUDIT or CUSTOM");
        };
    if (action == Action.CUSTOM) {
      checked.notEmpty("provider", wire.getProvider());
    }
    checked.number("rules", wire.getRulesCount(), 0, MAX_RULES);
    String namespace = checked.notEmpty("namespace", wire.getNamespace());
    return new RequestPolicy(
        namespace,
        checked.notEmpty("name", wire.getName()),
        checked.targets(wire.getTargetsList()),
        action,
        wire.getProvider(),
        wire.getDryRun(),
        Checked.each(wire.getRulesList(), rule -> rule(namespace, rule)));
  }

  private RequestPolicy.Rule rule(String namespace, adit.protos.l7.PolicyRule wire)
      throws InvalidResource {
    return new RequestPolicy.Rule(
        Checked.each(wire.getFromList(), from -> source(namespace, from)),
        Checked.each(wire.getToList(), this::operation),
        Checked.each(wire.getWhenList(), when -> condition(namespace, when)));
  }

  private Source source(String namespace, adit.protos.l7.Source wire) throws InvalidResource {
    return new Source(
        texts(wire.getPrincipalsList(), wire.getNotPrincipalsList()),
        texts(wire.getRequestPrincipalsList(), wire.getNotRequestPrincipalsList()),
        texts(wire.getNamespacesList(), wire.getNotNamespacesList()),
        new Values<>(
            accounts(namespace, wire.getServiceAccountsList()),
            accounts(namespace, wire.getNotServiceAccountsList())),
        texts(wire.getTrustDomainsList(), wire.getNotTrustDomainsList()),
        ranges("from.ip_blocks", wire.getIpBlocksList(), wire.getNotIpBlocksList()),
        ranges(
            "from.remote_ip_blocks",
            wire.getRemoteIpBlocksList(),
            wire.getNotRemoteIpBlocksList()));
  }

  private Operation operation(adit.protos.l7.Operation wire) throws InvalidResource {
    return new Operation(
        texts(lower(wire.getHostsList()), lower(wire.getNotHostsList())),
        new Values<>(ports(wire.getPortsList()), ports(wire.getNotPortsList())),
        texts(wire.getMethodsList(), wire.getNotMethodsList()),
        new Values<>(
            Checked.each(wire.getPathsList(), this::path),
            Checked.each(wire.getNotPathsList(), this::path)));
  }

  private Condition condition(String namespace, adit.protos.l7.Condition wire)
      throws InvalidResource {
    String key = checked.notEmpty("when.key", wire.getKey());
    if (wire.getValuesCount() == 0 && wire.getNotValuesCount() == 0) {
      throw checked.bad("when.values", "none", "values or notValues for " + key);
    }
    Attribute attribute = attribute(key);
    boolean address = attribute instanceof Attribute.Of(var property) && property.isAddress();
    if (address) {
      return new Condition(
          key,
          attribute,
          Values.any(),
          ranges("when." + key, wire.getValuesList(), wire.getNotValuesList()));
    }
    boolean accounts = attribute.equals(new Attribute.Of(Property.SOURCE_SERVICE_ACCOUNT));
    if (attribute.equals(new Attribute.Of(Property.DESTINATION_PORT))) {
      ports(wire.getValuesList());
      ports(wire.getNotValuesList());
    }
    return new Condition(
        key,
        attribute,
        accounts
            ? texts(
                whole(namespace, wire.getValuesList()), whole(namespace, wire.getNotValuesList()))
            : texts(wire.getValuesList(), wire.getNotValuesList()),
        Values.any());
  }

  private static List<String> whole(String namespace, List<String> accounts) {
    return accounts.stream()
        .map(text -> text.indexOf('/') < 0 ? namespace + "/" + text : text)
        .toList();
  }

  private Attribute attribute(String key) throws InvalidResource {
    if (key.startsWith(HEADERS) && key.endsWith("]") && key.length() > HEADERS.length() + 1) {
      return new Attribute.Header(
          key.substring(HEADERS.length(), key.length() - 1).toLowerCase(Locale.ROOT));
    }
    if (key.startsWith(CLAIMS + "[")) {
      return new Attribute.Claim(checked.claim("when.key", key.substring(CLAIMS.length())));
    }
    for (Property property : Property.values()) {
      if (property.key().equals(key)) {
        return new Attribute.Of(property);
      }
    }
    throw checked.bad("when.key", key, "a key of the AuthorizationPolicy API");
  }

  private static List<String> lower(List<String> texts) {
    return texts.stream().map(text -> text.toLowerCase(Locale.ROOT)).toList();
  }

  private Values<StringMatch> texts(List<String> is, List<String> isNot) throws InvalidResource {
    return new Values<>(Checked.each(is, this::text), Checked.each(isNot, this::text));
  }

  private StringMatch text(String written) throws InvalidResource {
    checked.notEmpty("value", written);
    if (written.equals("*")) {
      return new StringMatch.Presence();
    }
    if (written.startsWith("*")) {
      return new StringMatch.Suffix(written.substring(1));
    }
    if (written.endsWith("*")) {
      return new StringMatch.Prefix(written.substring(0, written.length() - 1));
    }
    return new StringMatch.Exact(written);
  }

  private PathPattern path(String written) throws InvalidResource {
    if (written.indexOf('{') < 0) {
      return new PathPattern.Text(text(written));
    }
    StringBuilder regex = new StringBuilder(written.length() + 16);
    int at = 0;
    while (at < written.length()) {
      int open = written.indexOf('{', at);
      String literal = written.substring(at, open < 0 ? written.length() : open);
      if (literal.indexOf('*') >= 0 || literal.indexOf('}') >= 0) {
        throw checked.bad("to.paths", written, "{*} and {**} only, beside plain text");
      }
      regex.append(Pattern.quote(literal));
      if (open < 0) {
        break;
      }
      if (written.startsWith("{*}", open)) {
        regex.append("[^/]+");
        at = open + 3;
      } else if (written.startsWith("{**}", open)) {
        regex.append(".*");
        at = open + 4;
      } else {
        throw checked.bad("to.paths", written, "{*} or {**}");
      }
    }
    return new PathPattern.Template(
        written, Regexes.compile(checked.resource(), "to.paths", regex.toString(), false));
  }

  private List<Account> accounts(String namespace, List<String> written) throws InvalidResource {
    return Checked.each(
        written,
        text -> {
          String whole = text.indexOf('/') < 0 ? namespace + "/" + text : text;
          int slash = whole.indexOf('/');
          if (slash == 0 || slash == whole.length() - 1 || whole.indexOf('/', slash + 1) >= 0) {
            throw checked.bad("from.service_accounts", text, "name or namespace/name");
          }
          return new Account(whole.substring(0, slash), whole.substring(slash + 1));
        });
  }

  private Values<Cidr> ranges(String field, List<String> is, List<String> isNot)
      throws InvalidResource {
    return new Values<>(
        Checked.each(is, text -> checked.cidr(field, text)),
        Checked.each(isNot, text -> checked.cidr(field, text)));
  }

  private List<Integer> ports(List<String> written) throws InvalidResource {
    return Checked.each(
        written,
        text -> {
          try {
            return checked.number("ports", Integer.parseInt(text), 1, 0xFFFF);
          } catch (NumberFormatException _) {
            throw checked.bad("ports", text, "1..65535");
          }
        });
  }
}
