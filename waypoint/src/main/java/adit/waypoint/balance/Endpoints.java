package adit.waypoint.balance;

import adit.l7.TrafficPolicy;
import adit.l7.TrafficPolicy.Algorithm;
import adit.l7.TrafficPolicy.LoadBalancer;
import adit.l7.TrafficPolicy.Outliers;
import adit.l7.TrafficPolicy.Settings;
import adit.model.NamespacedHostname;
import adit.model.NetworkAddress;
import adit.model.Service;
import adit.model.Workload;
import adit.model.balance.Choice;
import adit.waypoint.view.Snapshot;
import java.net.InetAddress;
import java.util.ArrayList;
import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.LongSupplier;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/// Chooses endpoints. Thread-safe; what each endpoint has to do is counted over all threads.
public final class Endpoints {
  private static final int DEFAULT_MAX_EJECTED = 10;
  private static final int MOST_LOADS = 100_000;

  private final Map<Group, Members> groups = new ConcurrentHashMap<>();
  private final Map<String, EndpointLoad> loads = new ConcurrentHashMap<>();
  private final RandomGenerator random;
  private final LongSupplier nanoTime;
  private final Workload self;
  private final InetAddress selfAddress;

  /// Endpoints between which a choice is made.
  public record Group(NamespacedHostname service, int port, String subset) {}

  /// @param self how we stand to endpoints, as long as the control plane does not say it
  public Endpoints(
      Workload self, InetAddress selfAddress, RandomGenerator random, LongSupplier nanoTime) {
    this.self = self;
    this.selfAddress = selfAddress;
    this.random = random;
    this.nanoTime = nanoTime;
  }

  /// Chooses one.
  ///
  /// @param tried uids that another one is better than
  /// @param hash of the request, if its policy asks for one
  public Picked pick(
      Snapshot snapshot, Service service, Group group, Set<String> tried, @Nullable Long hash) {
    Members members = members(snapshot, service, group);
    Picked.One one = oneOrNull(members, tried, hash);
    if (one == null && !tried.isEmpty()) {
      // Again the one that was tried, rather than none.
      one = oneOrNull(members, Set.of(), hash);
    }
    if (one != null) {
      return one;
    }
    return new Picked.None(
        "service "
            + service.key()
            + " has "
            + snapshot.mesh().endpoints(service).size()
            + " endpoints, "
            + members.all().count()
            + (group.subset.isEmpty() ? "" : " of subset " + group.subset)
            + " usable, the rest unhealthy or ejected");
  }

  private Picked.@Nullable One oneOrNull(Members members, Set<String> tried, @Nullable Long hash) {
    long now = nanoTime.getAsLong();
    List<Tier> tiers = members.tiers();
    int start = members.start(random, now);
    for (int i = 0; i < tiers.size(); i++) {
      Tier tier = tiers.get((start + i) % tiers.size());
      List<Picked.One> usable = usable(members, tier.all(), tried, now);
      if (!usable.isEmpty()) {
        return chosen(members, tier, usable, hash, now);
      }
    }
    return null;
  }

  private Picked.One chosen(
      Members members, Tier tier, List<Picked.One> usable, @Nullable Long hash, long now) {
    if (members.algorithm() instanceof Algorithm.Hash && hash != null) {
      return rendezvous(usable, hash);
    }
    Weights weights = Weights.of(tier, usable, members.warmup(), now);
    return switch (members.algorithm()) {
      case Algorithm.RoundRobin _ when weights.isEven() ->
          usable.get(Math.floorMod(members.turn().getAndIncrement(), usable.size()));
      case Algorithm.RoundRobin _, Algorithm.Random _ ->
          usable.get(weights.draw(random, usable.size()));
      default -> lessBusy(usable, weights);
    };
  }

  /// The endpoint of a group that a client had before, or null if it is not there any more.
  ///
  /// @param token of [Picked.One#token()]
  public Picked.@Nullable One hadOrNull(
      Snapshot snapshot, Service service, Group group, String token) {
    long now = nanoTime.getAsLong();
    Members members = members(snapshot, service, group);
    return members
        .all()
        .filter(one -> !members.isEjected(one, now) && one.token().equals(token))
        .findFirst()
        .orElse(null);
  }

  /// How requests of this group are hashed, or null.
  public TrafficPolicy.@Nullable HashKey hashKey(Snapshot snapshot, Service service, Group group) {
    return members(snapshot, service, group).algorithm() instanceof Algorithm.Hash(var key)
        ? key
        : null;
  }

  private static List<Picked.One> usable(
      Members members, List<Picked.One> all, Set<String> tried, long now) {
    boolean whole = tried.isEmpty();
    for (int i = 0; whole && i < all.size(); i++) {
      whole = !members.isEjected(all.get(i), now);
    }
    if (whole) {
      return all;
    }
    List<Picked.One> some = new ArrayList<>(all.size());
    for (Picked.One one : all) {
      if (!members.isEjected(one, now) && !tried.contains(one.endpoint().workload().uid())) {
        some.add(one);
      }
    }
    return some;
  }

  /// The less busy one of two. If they have as much to do, the first: drawn by weight, so that
  /// without load, too, each gets its share.
  private Picked.One lessBusy(List<Picked.One> usable, Weights weights) {
    int size = usable.size();
    if (size == 1) {
      return usable.getFirst();
    }
    int first = weights.draw(random, size);
    int second;
    if (weights.isEven()) {
      second = random.nextInt(size - 1);
      second += second < first ? 0 : 1;
    } else {
      second = weights.draw(random, size);
    }
    Picked.One one = usable.get(first);
    Picked.One other = usable.get(second);
    return weights.burden(one, first) <= weights.burden(other, second) ? one : other;
  }

  /// The one that wins for this key against all others: when one leaves, only its keys move.
  private static Picked.One rendezvous(List<Picked.One> usable, long key) {
    Picked.One best = usable.getFirst();
    long most = Long.MIN_VALUE;
    for (Picked.One one : usable) {
      long own = Hash.mixed(one.endpoint().workload().uid().hashCode() * 0x9E3779B97F4A7C15L);
      long score = Hash.mixed(key ^ own);
      if (score > most) {
        most = score;
        best = one;
      }
    }
    return best;
  }

  @SuppressWarnings("ReferenceEquality") // Only the very same snapshot is cheap to compare.
  private Members members(Snapshot snapshot, Service service, Group group) {
    Members known = groups.get(group);
    if (known != null && known.of() == snapshot) {
      return known;
    }
    Members next = read(snapshot, service, group);
    if (known != null) {
      greet(known, next);
    }
    groups.put(group, next);
    return next;
  }

  /// Those who are new among others begin slowly.
  private void greet(Members before, Members now) {
    Set<EndpointLoad> had = Collections.newSetFromMap(new IdentityHashMap<>());
    before.all().forEach(one -> had.add(one.load()));
    if (!had.isEmpty()) {
      long nanos = nanoTime.getAsLong();
      now.all()
          .map(Picked.One::load)
          .filter(load -> !had.contains(load))
          .forEach(load -> load.joined(nanos));
    }
  }

  private Members read(Snapshot snapshot, Service service, Group group) {
    Workload known = snapshot.mesh().workloadByIp(new NetworkAddress(self.network(), selfAddress));
    Workload own = known == null ? self : known;
    TrafficPolicy policy = snapshot.l7().trafficOrNull(service.key());
    Settings settings = policy == null ? Settings.NONE : policy.effective(group.subset, group.port);
    LoadBalancer balancer = settings.loadBalancer();
    return new Members(
        snapshot,
        new Grouping(snapshot, service, group, own, settings).tiers(this::load),
        balancer == null ? new Algorithm.LeastRequest() : balancer.algorithm(),
        balancer == null ? null : balancer.warmup(),
        settings.outliers(),
        new AtomicInteger(random.nextInt(1 << 16)));
  }

  private EndpointLoad load(Choice.Endpoint endpoint) {
    if (loads.size() > MOST_LOADS) {
      // Endpoints of long ago. Who has requests in progress keeps the object itself.
      loads.values().removeIf(load -> load.active() == 0);
    }
    return loads.computeIfAbsent(
        endpoint.workload().uid() + ":" + endpoint.targetPort(), _ -> new EndpointLoad());
  }

  /// Notes what a chosen endpoint answered, and leaves it alone if that was too bad too often.
  ///
  /// @param status 0: no answer
  public void answered(Group group, Picked.One chosen, int status) {
    Members members = groups.get(group);
    Outliers outliers = members == null ? null : members.outliers();
    if (members == null || outliers == null || !chosen.load().answered(status, outliers)) {
      return;
    }
    long now = nanoTime.getAsLong();
    long size = members.all().count();
    long ejected = members.all().filter(one -> members.isEjected(one, now)).count();
    int most = outliers.maxPercent() == 0 ? DEFAULT_MAX_EJECTED : outliers.maxPercent();
    long healthyAfter = size - ejected - 1;
    boolean allowed = ejected == 0 || (ejected + 1) * 100 <= (long) most * size;
    boolean enough = healthyAfter * 100 >= (long) outliers.minHealthPercent() * size;
    if (allowed && enough) {
      chosen.load().eject(now, outliers);
    }
  }
}
