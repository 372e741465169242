namespace Tunnel.Shared.Protocol.Messages;

/// <summary>Reads a HELLO (protocol.md section 2.5).</summary>
internal static class HelloParser
{
    private static readonly MessageMembers Members = new(
        "", "version", "features", "maxFrame", "initialWindow", "instance", "generation", "supersedes", "host", "os", "publicIp",
        "publicIpv6", "lane", "takeOver", "quicOnly", "resumeGrace", "resume");

    private static readonly MessageMembers ResumeMembers = new("resume.", "tunnelId");

    private static readonly MessageMembers LaneMembers = new("lane.", "tunnelId", "index");

    public static Hello Read(ref MessageReader reader)
    {
        var hello = new Hello();
        var seen = 0u;
        while (reader.NextMember(Members, ref seen, out var member))
        {
            hello = member switch
            {
                "version" => hello with { Version = reader.Text(member, ControlMessage.MaxText) },
                "features" => hello with { Features = reader.Texts(member, ControlMessage.MaxFeatures, ControlMessage.MaxFeatureLength) },
                "maxFrame" => hello with { MaxFrame = (int)reader.Number(member, 0, int.MaxValue) },
                "initialWindow" => hello with { InitialWindow = (int)reader.Number(member, 0, int.MaxValue) },
                "instance" => hello with { Instance = reader.Text(member, ControlMessage.MaxText) },
                "generation" => hello with { Generation = reader.Number(member, 0, long.MaxValue) },
                "supersedes" => hello with { Supersedes = reader.Text(member, ControlMessage.MaxText) },
                "takeOver" => hello with { TakeOver = reader.Boolean(member) },
                "quicOnly" => hello with { QuicOnly = reader.Boolean(member) },
                "host" => hello with { Host = reader.Text(member, ControlMessage.MaxText) },
                "os" => hello with { Os = reader.Text(member, ControlMessage.MaxText) },
                "publicIp" => hello with { PublicIp = reader.Text(member, ControlMessage.MaxText) },
                "resumeGrace" => hello with { ResumeGrace = (int)reader.Number(member, 0, int.MaxValue) },
                "resume" => hello with { Resume = ReadResume(ref reader) },
                "publicIpv6" => hello with { PublicIpv6 = reader.Text(member, ControlMessage.MaxText) },
                _ => hello with { Lane = ReadLane(ref reader) },
            };
        }

        return hello;
    }

    private static ResumeHello ReadResume(ref MessageReader reader)
    {
        if (!reader.IsObject)
            throw new FormatException($"resume: {reader.Value()} is not an object");
        var resume = new ResumeHello("");
        var seen = 0u;
        while (reader.NextMember(ResumeMembers, ref seen, out var member))
            resume = new ResumeHello(reader.SecretText(ResumeMembers.PathOf(member), ControlMessage.MaxText));
        return resume;
    }

    private static LaneHello ReadLane(ref MessageReader reader)
    {
        if (!reader.IsObject)
            throw new FormatException($"lane: {reader.Value()} is not an object");
        var lane = new LaneHello("", 0);
        var seen = 0u;
        while (reader.NextMember(LaneMembers, ref seen, out var member))
        {
            var path = LaneMembers.PathOf(member);
            lane = member == "index"
                ? lane with { Index = (int)reader.Number(path, 0, int.MaxValue) }
                : lane with { TunnelId = reader.Text(path, ControlMessage.MaxText) };
        }

        return lane;
    }
}
