package adit.waypoint.balance;

import adit.l7.TrafficPolicy;
import adit.l7.TrafficPolicy.Algorithm;
import adit.l7.TrafficPolicy.LoadBalancer;
import adit.l7.TrafficPolicy.Outliers;
import adit.l7.TrafficPolicy.Settings;
import adit.l7.TrafficPolicy.Subset;
import adit.l7.WorkloadLabels;
import adit.model.NamespacedHostname;
import adit.model.NetworkAddress;
import adit.model.Service;
import adit.model.Workload;
import adit.model.balance.Balancer;
import adit.model.balance.Choice;
import adit.waypoint.view.L7View;
import adit.waypoint.view.Snapshot;
import java.net.InetAddress;
import java.util.ArrayList;
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

  /// The endpoints of a group as they were in one snapshot.
  private record Members(
      Snapshot of,
      List<Picked.One> all,
      Algorithm algorithm,
      @Nullable Outliers outliers,
      AtomicInteger turn) {}

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
    List<Picked.One> usable = usable(members.all, tried);
    if (usable.isEmpty()) {
      // Again the one that was tried, rather than none.
      usable = usable(members.all, Set.of());
    }
    if (usable.isEmpty()) {
      int known = snapshot.mesh().endpoints(service).size();
      return new Picked.None(
          "service "
              + service.key()
              + " has "
              + known
              + " endpoints, "
              + members.all.size()
              + (group.subset.isEmpty() ? "" : " of subset " + group.subset)
              + " usable, the rest unhealthy or ejected");
    }
    return switch (members.algorithm) {
      case Algorithm.Hash _ when hash != null -> rendezvous(usable, hash);
      case Algorithm.RoundRobin _ ->
          usable.get(Math.floorMod(members.turn.getAndIncrement(), usable.size()));
      case Algorithm.Random _ -> usable.get(random.nextInt(usable.size()));
      default -> lessBusy(usable);
    };
  }

  /// How requests of this group are hashed, or null.
  public TrafficPolicy.@Nullable HashKey hashKey(Snapshot snapshot, Service service, Group group) {
    return members(snapshot, service, group).algorithm instanceof Algorithm.Hash(var key)
        ? key
        : null;
  }

  private List<Picked.One> usable(List<Picked.One> all, Set<String> tried) {
    long now = nanoTime.getAsLong();
    boolean whole = tried.isEmpty();
    for (int i = 0; whole && i < all.size(); i++) {
      whole = !all.get(i).load().isEjected(now);
    }
    if (whole) {
      return all;
    }
    List<Picked.One> some = new ArrayList<>(all.size());
    for (Picked.One one : all) {
      if (!one.load().isEjected(now) && !tried.contains(one.endpoint().workload().uid())) {
        some.add(one);
      }
    }
    return some;
  }

  /// The less busy one of two, by capacity.
  private Picked.One lessBusy(List<Picked.One> usable) {
    int size = usable.size();
    if (size == 1) {
      return usable.getFirst();
    }
    int first = random.nextInt(size);
    int second = random.nextInt(size - 1);
    Picked.One one = usable.get(first);
    Picked.One other = usable.get(second < first ? second : second + 1);
    return burden(one) <= burden(other) ? one : other;
  }

  private static double burden(Picked.One one) {
    return (one.load().active() + 1.0) / Math.max(1, one.endpoint().workload().capacity());
  }

  /// The one that wins for this key against all others: when one leaves, only its keys move.
  private static Picked.One rendezvous(List<Picked.One> usable, long key) {
    Picked.One best = usable.getFirst();
    long most = Long.MIN_VALUE;
    for (Picked.One one : usable) {
      long score = mix(key ^ mix(one.endpoint().workload().uid().hashCode() * 0x9E3779B97F4A7C15L));
      if (score > most) {
        most = score;
        best = one;
      }
    }
    return best;
  }

  private static long mix(long value) {
    long z = (value ^ (value >>> 30)) * 0xBF58476D1CE4E5B9L;
    z = (z ^ (z >>> 27)) * 0x94D049BB133111EBL;
    return z ^ (z >>> 31);
  }

  @SuppressWarnings("ReferenceEquality") // Only the very same snapshot is cheap to compare.
  private Members members(Snapshot snapshot, Service service, Group group) {
    Members known = groups.get(group);
    if (known != null && known.of == snapshot) {
      return known;
    }
    Members next = read(snapshot, service, group);
    groups.put(group, next);
    return next;
  }

  private Members read(Snapshot snapshot, Service service, Group group) {
    Workload own = snapshot.mesh().workloadByIp(new NetworkAddress(self.network(), selfAddress));
    var request = new Balancer.Request(own == null ? self : own, selfAddress, group.port, Set.of());
    TrafficPolicy policy = snapshot.l7().trafficOrNull(service.key());
    Settings settings = policy == null ? Settings.NONE : policy.effective(group.subset, group.port);
    List<Picked.One> all = new ArrayList<>();
    for (Choice.Endpoint endpoint : Balancer.usable(snapshot.mesh(), service, request)) {
      if (endpoint.ip() != null && isOf(policy, group.subset, snapshot.l7(), endpoint)) {
        all.add(new Picked.One(endpoint, load(endpoint)));
      }
    }
    LoadBalancer balancer = settings.loadBalancer();
    Algorithm algorithm = balancer == null ? new Algorithm.LeastRequest() : balancer.algorithm();
    return new Members(
        snapshot,
        List.copyOf(all),
        algorithm,
        settings.outliers(),
        new AtomicInteger(random.nextInt(1 << 16)));
  }

  private static boolean isOf(
      @Nullable TrafficPolicy policy, String subset, L7View l7, Choice.Endpoint endpoint) {
    if (subset.isEmpty()) {
      return true;
    }
    Subset wanted = policy == null ? null : policy.subsets().get(subset);
    WorkloadLabels labels = l7.labels().get(endpoint.workload().uid());
    return wanted != null
        && (wanted.labels().isEmpty()
            || (labels != null
                && labels.labels().entrySet().containsAll(wanted.labels().entrySet())));
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
    Outliers outliers = members == null ? null : members.outliers;
    if (members == null || outliers == null || !chosen.load().answered(status, outliers)) {
      return;
    }
    long now = nanoTime.getAsLong();
    long ejected = members.all.stream().filter(one -> one.load().isEjected(now)).count();
    int most = outliers.maxPercent() == 0 ? DEFAULT_MAX_EJECTED : outliers.maxPercent();
    long healthyAfter = members.all.size() - ejected - 1;
    boolean allowed = ejected == 0 || (ejected + 1) * 100 <= (long) most * members.all.size();
    boolean enough = healthyAfter * 100 >= (long) outliers.minHealthPercent() * members.all.size();
    if (allowed && enough) {
      chosen.load().eject(now, outliers);
    }
  }
}
