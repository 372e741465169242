using System.Net;
using System.Net.Sockets;
using FsCheck;
using FsCheck.Fluent;
using Tunnel.Shared.Sockets;

namespace Tunnel.Shared.UnitTests.Sockets;

/// <summary>Runs of datagrams go over loopback, where the kernel does with them what it does on any path.</summary>
public sealed class DatagramRunTests : IDisposable
{
    private readonly Socket _sender = Bind(IPAddress.Loopback);
    private readonly Socket _receiver = Bind(IPAddress.Loopback);

    public DatagramRunTests() => _sender.Connect(_receiver.LocalEndPoint!);

    public void Dispose()
    {
        _sender.Dispose();
        _receiver.Dispose();
    }

    public static TheoryData<int[]> Sizes => new(
        [1],
        [0],
        [0, 0, 1, 0],
        [65_507],
        [65_507, 10, 65_000],
        [1_200, 1_200, 1_200, 300],
        [1_200, 300, 1_200, 1_200],
        [300, 1_200, 1_200],
        [1_400, 1_400, 1_401, 1_401],
        [.. Enumerable.Repeat(1_200, DatagramRun.MaxDatagrams)],
        [.. Enumerable.Repeat(1, DatagramRun.MaxDatagrams)]);

    [Theory]
    [MemberData(nameof(Sizes))]
    public void What_is_added_arrives_datagram_by_datagram(int[] sizes)
    {
        foreach (var coalesce in new[] { false, true })
            AssertArrives(sizes, coalesce);
    }

    [Fact]
    public void Any_sizes_arrive_datagram_by_datagram() =>
        Prop.ForAll(
            Gen.ListOf(Gen.Frequency((3, Gen.Constant(700)), (2, Gen.Choose(0, 1_500)), (1, Gen.Choose(0, 9_000)))).ToArbitrary(), sizes =>
        {
            AssertArrives([.. sizes.Take(30)], coalesce: true);
            return true;
        }).Check(Config.QuickThrowOnFailure);

    [Fact]
    public void A_run_takes_no_more_than_fits_and_goes_on_behind_a_send()
    {
        var run = DatagramRun.Current;
        for (var i = 0; i < DatagramRun.MaxDatagrams; i++)
            Assert.True(run.TryAdd(this, [], [(byte)i]));
        Assert.False(run.TryAdd(this, [], [1]));
        Assert.Equal(default, run.Send(this, _sender.SafeHandle, [], []));
        Assert.True(run.TryAdd(this, [], new byte[DatagramRun.MaxPayload]));
        Assert.False(run.TryAdd(this, [], new byte[DatagramRun.MaxPayload]) && run.TryAdd(this, [], new byte[DatagramRun.MaxPayload]));
        run.Send(this, _sender.SafeHandle, [], []);
    }

    [Fact]
    public void What_somebody_else_left_behind_never_leaves_with_this_ones()
    {
        var run = DatagramRun.Current;
        run.TryAdd(new object(), [], "another's"u8);
        run.TryAdd(this, "o"u8, "wn"u8);
        Assert.Equal(default, run.Send(new object(), _sender.SafeHandle, [], []));
        run.Send(this, _sender.SafeHandle, [], []);
        Assert.Equal("own"u8.ToArray(), Assert.Single(Receive(1)));
        Assert.Equal(0, _receiver.Available);
    }

    [Fact]
    public void An_icmp_answer_is_told_and_costs_no_datagram()
    {
        var target = (IPEndPoint)_receiver.LocalEndPoint!;
        _receiver.Dispose();
        Send(1);
        using var back = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        back.Bind(target);

        // The answer to the first was there before the send returned: loopback is synchronous.
        DatagramRun.Current.TryAdd(this, [], [1]);
        DatagramRun.Current.TryAdd(this, [], [2]);
        Assert.Equal(new DatagramResult(0, 1, SocketError.Success), DatagramRun.Current.Send(this, _sender.SafeHandle, [], []));
        Assert.Equal([[1], [2]], Receive(2, back));
    }

    [Fact]
    public void A_datagram_that_can_not_be_sent_is_counted_and_the_others_go()
    {
        DatagramRun.Current.TryAdd(this, [], [1]);
        DatagramRun.Current.TryAdd(this, [], new byte[DatagramRun.MaxPayload + 1]);
        DatagramRun.Current.TryAdd(this, [], [3]);
        var result = DatagramRun.Current.Send(this, _sender.SafeHandle, [], []);
        Assert.Equal((1, SocketError.MessageSize), (result.Dropped, result.Error));
        Assert.Equal([[1], [3]], Receive(2));
    }

    [Fact]
    public void A_closed_socket_is_no_fault_and_what_it_does_not_send_is_told()
    {
        var closed = Bind(IPAddress.Loopback);
        var handle = closed.SafeHandle;
        closed.Dispose();
        DatagramRun.Current.TryAdd(this, [], [1]);
        Assert.Equal(new DatagramResult(1, 0, SocketError.OperationAborted), DatagramRun.Current.Send(this, handle, [], []));
        Assert.Equal(SocketError.OperationAborted, DatagramReceiver.Current.Receive(handle));
        Assert.False(DatagramReceiver.Current.TryNext(out _));
    }

    [Fact]
    public void Nothing_waiting_would_block()
    {
        Assert.Equal(SocketError.WouldBlock, DatagramReceiver.Current.Receive(_receiver.SafeHandle));
        Assert.False(DatagramReceiver.Current.TryNext(out _));
        Assert.False(DatagramReceiver.Current.WasFull);
    }

    private static Socket Bind(IPAddress address)
    {
        var socket =
            new Socket(address.AddressFamily, SocketType.Dgram, ProtocolType.Udp) { ReceiveBufferSize = 4 << 20, SendBufferSize = 4 << 20 };
        socket.Bind(new IPEndPoint(address, 0));
        return socket;
    }

    private void AssertArrives(int[] sizes, bool coalesce)
    {
        if (coalesce)
            DatagramReceiver.Coalesce(_receiver.SafeHandle);
        var sent = sizes.Select((size, number) => Payload(number, size)).ToList();
        foreach (var payload in sent)
        {
            var head = Math.Min(payload.Length, 28);
            if (DatagramRun.Current.TryAdd(this, payload.AsSpan(0, head), payload.AsSpan(head)))
                continue;
            Assert.Equal(default, DatagramRun.Current.Send(this, _sender.SafeHandle, [], []));
            Assert.True(DatagramRun.Current.TryAdd(this, payload.AsSpan(0, head), payload.AsSpan(head)));
        }

        Assert.Equal(default, DatagramRun.Current.Send(this, _sender.SafeHandle, [], []));
        Assert.Equal(sent, Receive(sizes.Length));
        Assert.Equal(SocketError.WouldBlock, DatagramReceiver.Current.Receive(_receiver.SafeHandle));
    }

    private static byte[] Payload(int number, int size)
    {
        var payload = new byte[size];
        new Random(number).NextBytes(payload);
        return payload;
    }

    private void Send(byte content)
    {
        DatagramRun.Current.TryAdd(this, [], [content]);
        DatagramRun.Current.Send(this, _sender.SafeHandle, [], []);
    }

    private List<byte[]> Receive(int count, Socket? socket = null)
    {
        var received = new List<byte[]>();
        while (received.Count < count && (socket ?? _receiver).Poll(TimeSpan.FromSeconds(20), SelectMode.SelectRead))
        {
            Assert.Equal(SocketError.Success, DatagramReceiver.Current.Receive((socket ?? _receiver).SafeHandle));
            while (DatagramReceiver.Current.TryNext(out var datagram))
                received.Add(datagram.Payload.ToArray());
        }

        return received;
    }
}
