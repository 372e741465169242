using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;
using Microsoft.Extensions.Logging.Abstractions;
using Tunnel.Hub.Accepting;
using Tunnel.Hub.UnitTests.Fakes;
using Tunnel.Shared.Strangers;

namespace Tunnel.Hub.UnitTests.Accepting;

/// <summary>The reception says why a connection came to nothing.</summary>
public sealed class ReceptionTests
{
    private static readonly IPEndPoint Remote = new(IPAddress.Loopback, 1);
    private readonly TestRegistry _registry = new();
    private readonly Reception _reception;

    public ReceptionTests()
    {
        var strangers = new StrangerRegistry(StrangerLimits.Default, _registry.Time);
        _reception = new Reception(
            _registry.Allowed, _registry.Live, strangers, new FailedTries(_registry.Time), NullLogger<Reception>.Instance);
    }

    /// <summary>The exceptions with which a connection may end when its limit has fired.</summary>
    public static TheoryData<Exception> Ends =>
        [new OperationCanceledException(), new IOException(), new SocketException(), new AuthenticationException()];

    [Theory]
    [MemberData(nameof(Ends), DisableDiscoveryEnumeration = true)]
    public async Task Who_gave_way_counts_as_that_however_it_ended(Exception end)
    {
        await ServeAsync(stranger =>
        {
            stranger.GiveWay();
            return Task.FromException<bool>(end);
        });

        Assert.Equal([RefusalReason.GaveWay], Counted());
    }

    [Theory]
    [MemberData(nameof(Ends), DisableDiscoveryEnumeration = true)]
    public async Task Whose_time_is_over_counts_as_that_however_it_ended(Exception end)
    {
        await ServeAsync(_ =>
        {
            _registry.Time.Advance(StrangerLimits.Default.Timeout);
            return Task.FromException<bool>(end);
        });

        Assert.Equal([RefusalReason.Timeout], Counted());
    }

    [Fact]
    public async Task A_handshake_that_was_given_up_has_not_failed()
    {
        await ServeAsync(stranger =>
        {
            stranger.GiveWay();
            _reception.NoteEnd(stranger, Remote, RefusalReason.TlsFailed, "unexpected end of file");
            return Task.FromResult(false);
        });

        Assert.Equal([RefusalReason.GaveWay], Counted());
    }

    [Fact]
    public async Task Before_that_it_counts_as_what_it_ended_with()
    {
        await ServeAsync(_ => throw new IOException());
        await ServeAsync(_ => throw new AuthenticationException());

        Assert.Equal([RefusalReason.TlsFailed, RefusalReason.ClosedEarly], Counted());
    }

    private Task ServeAsync(Func<Stranger, Task<bool>> greetAsync) =>
        _reception.ServeAsync(Remote, greetAsync, () => ValueTask.CompletedTask);

    private RefusalReason[] Counted() => [.. Enum.GetValues<RefusalReason>().Where(reason => _reception.Refusals[reason] > 0)];
}
