using Tunnel.Shared.Protocol;
using Tunnel.Shared.Protocol.Flow;
using Tunnel.Shared.Protocol.Frames;
using Tunnel.Shared.Transport.Mux.Core;
using Tunnel.Shared.UnitTests.Protocol;

namespace Tunnel.Shared.UnitTests.Transport.Mux.Core;

public sealed class FrameEncoderTests
{
    [Fact]
    public void A_frame_costs_no_allocation_from_credit_to_header_and_back()
    {
        var buffer = new byte[FrameHeader.Size + 1_400];
        var payload = new byte[1_400];
        var sender = new SendWindow(64 << 10);
        var receiver = new ReceiveWindow(64 << 10);
        uint seen = 0;

        Allocation.AssertNone(() =>
        {
            sender.Take(1_400);
            FrameEncoder.Data(buffer, 7, fromEdge: true, length: 1_400);
            seen = FrameHeader.Read(buffer).Length;
            receiver.TryReceive(1_400);
            receiver.Deliver(1_400);
            if (receiver.TakeCredit(int.MaxValue, 64 << 10) is > 0 and var credit)
            {
                FrameEncoder.Credit(buffer, 7, fromEdge: false, (uint)credit);
                sender.TryAdd((uint)credit);
            }

            FrameEncoder.UdpData(buffer, 8, fromEdge: true, payload);
            FrameEncoder.Close(buffer, 7, fromEdge: true);
            FrameEncoder.Reset(buffer, 7, ResetReason.Policy);
        });

        Assert.Equal(1_400u, seen);
    }
}
