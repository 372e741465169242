using System.Globalization;

namespace Tunnel.Edge.Doctor.Checks;

/// <summary>Enough descriptors: each client takes one.</summary>
/// <param name="ReadLimits">The lines of /proc/self/limits.</param>
internal sealed record DescriptorCheck(Func<IEnumerable<string>> ReadLimits) : ICheck
{
    private const long Enough = 65_536;

    public string Name => "descriptors";

    public Task<CheckResult> RunAsync(DoctorContext context, CancellationToken cancellationToken) => Task.FromResult(Look());

    private CheckResult Look()
    {
        // Max open files            1024                 524288               files
        string[]? words = ReadLimits().FirstOrDefault(line => line.StartsWith("Max open files", StringComparison.Ordinal))?
            .Split(' ', StringSplitOptions.RemoveEmptyEntries);
        if (words is not { Length: >= 5 })
            return new CheckResult(Name, CheckStatus.Skipped, "/proc/self/limits does not tell");
        // The service raises the soft limit to the hard one by itself.
        bool unlimited = words[4] == "unlimited";
        if (unlimited || (long.TryParse(words[4], NumberStyles.None, CultureInfo.InvariantCulture, out long hard) && hard >= Enough))
            return new CheckResult(Name, CheckStatus.Ok, $"{words[4]} for this user");
        return new CheckResult(
            Name, CheckStatus.Warning, $"{words[4]} for this user: no more clients than that at once",
            $"systemd: LimitNOFILE={Enough} or more (the unit that comes with the product has it); elsewhere ulimit -Hn");
    }
}
