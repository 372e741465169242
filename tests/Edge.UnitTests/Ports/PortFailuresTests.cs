using FsCheck;
using FsCheck.Fluent;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Ports;

namespace Tunnel.Edge.UnitTests.Ports;

public sealed class PortFailuresTests
{
    [Fact]
    public void Runs_say_the_same_as_a_list_of_single_ports_and_there_are_no_more_of_them_than_need_be() =>
        Prop.ForAll<int[]>(static steps =>
        {
            var failures = new PortFailures();
            var single = new SortedDictionary<PortKey, string>();
            foreach (var step in steps.Select(static step => (uint)step))
            {
                // There are few ports, of both protocols, and two errors; one step in three removes a port's error.
                var port = new PortKey(step % 2 == 0 ? PortProtocol.Tcp : PortProtocol.Udp, (int)(step / 2 % 8));
                var error = step % 3 == 0 ? null : step % 3 == 1 ? "one" : "other";
                if (error is null)
                    failures.Remove(port);
                else if (failures.Set(port, error) == (single.GetValueOrDefault(port) == error))
                    return false;
                if (error is null)
                    single.Remove(port);
                else
                    single[port] = error;
            }

            return failures.SequenceEqual(PortRun.Join(single)) && failures.Count == single.Count
                && failures.Ports.SequenceEqual(single.Keys)
                && single.All(port => failures[port.Key] == port.Value) && failures[PortKey.Tcp(9)] is null;
        }).QuickCheckThrowOnFailure();

    [Fact]
    public void All_ports_of_both_protocols_are_two_runs_and_take_next_to_nothing()
    {
        var failures = new PortFailures();
        const string Error = "no";
        failures.Set(PortKey.Tcp(1), Error);
        var before = GC.GetAllocatedBytesForCurrentThread();
        foreach (var protocol in Enum.GetValues<PortProtocol>())
        {
            for (var number = 1; number <= 65_535; number++)
                failures.Set(new PortKey(protocol, number), Error);
        }

        Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, 4_096);
        Assert.Equal((2, 131_070), (failures.Count(), failures.Count));
    }
}
