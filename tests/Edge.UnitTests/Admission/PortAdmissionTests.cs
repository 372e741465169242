using System.Net;
using Tunnel.Edge.Admission;
using Tunnel.Edge.Endpoints;
using Tunnel.Edge.Refusing;
using Tunnel.Edge.UnitTests.Fakes;
using Tunnel.Shared.Protocol.Addresses;
using Tunnel.Shared.Protocol.Messages;
using Tunnel.TestUtilities;

namespace Tunnel.Edge.UnitTests.Admission;

/// <summary>The rate of a port, which its hub changes while clients come.</summary>
public sealed class PortAdmissionTests
{
    private readonly ManualTimeProvider _time = new();

    [Fact]
    public void All_clients_together_have_the_rate_that_the_hub_has_sent_last()
    {
        var admission = new PortAdmission(
            PortKey.Tcp(443), new EdgePortPolicy { Adaptive = 10 }, new RefusalCounters(), new RecordedBlocks(), _time);
        Assert.Equal(10, Passed(admission));
        Assert.Equal(0, Passed(admission));
        _time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.Equal(5, Passed(admission));

        admission.Policy = new EdgePortPolicy { Adaptive = 8 };
        _time.Advance(TimeSpan.FromSeconds(0.5));
        Assert.Equal(4, Passed(admission));
        // However long the pause was, no more come in at once than in one second.
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal(8, Passed(admission));

        admission.Policy = EdgePortPolicy.None;
        Assert.Equal(20, Passed(admission));
    }

    private static int Passed(PortAdmission admission)
    {
        var passed = 0;
        for (byte client = 1; client <= 20; client++)
        {
            var refusal = admission.TryEnter(AddressNumber.Of(new IPAddress([192, 0, 2, client])), out _);
            Assert.True(refusal is null or RefusalReason.Adaptive);
            passed += refusal is null ? 1 : 0;
        }

        return passed;
    }
}
