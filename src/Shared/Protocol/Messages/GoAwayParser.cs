namespace Tunnel.Shared.Protocol.Messages;

/// <summary>Reads a GOAWAY (protocol.md section 3).</summary>
internal static class GoAwayParser
{
    private static readonly MessageMembers Members = new("", "reason", "lastStreamId");

    public static GoAway Read(ref MessageReader reader)
    {
        var goAway = new GoAway("", 0);
        var seen = 0u;
        while (reader.NextMember(Members, ref seen, out var member))
        {
            goAway = member switch
            {
                "reason" => goAway with { Reason = reader.Text(member, ControlMessage.MaxText) },
                _ => goAway with { LastStreamId = (uint)reader.Number(member, 0, uint.MaxValue) },
            };
        }

        return goAway;
    }
}
