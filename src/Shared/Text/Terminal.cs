namespace Tunnel.Shared.Text;

/// <summary>The abilities of the place where a command prints.</summary>
/// <param name="Width">The width in columns, or null where lines have no limit: a file, a pipe.</param>
/// <param name="HasColours">Whether it shows colours and they are wanted.</param>
public sealed record Terminal(int? Width, bool HasColours)
{
    private const string Red = "\u001b[31m";
    private const string Usual = "\u001b[0m";

    /// <summary>A file or a pipe.</summary>
    public static Terminal None { get; } = new(null, false);

    /// <summary>
    /// The terminal of a writer; <see cref="None"/> unless the writer is the process's own output and that is a terminal.
    /// </summary>
    public static Terminal Of(TextWriter output) =>
        ReferenceEquals(output, Console.Out) && !Console.IsOutputRedirected ? OfProcess(Environment.GetEnvironmentVariable) : None;

    /// <summary>Writes text in red where that is possible. Only for our own words; what others said must be escaped first.</summary>
    public string Alarm(string text) => HasColours ? $"{Red}{text}{Usual}" : text;

    // https://no-color.org: any value counts, except an empty one.
    internal static bool WantsColours(Func<string, string?> environment) =>
        string.IsNullOrEmpty(environment("NO_COLOR")) && environment("TERM") is { Length: > 0 } and not "dumb";

    private static Terminal OfProcess(Func<string, string?> environment) =>
        new(WindowSize.Columns(), WantsColours(environment));
}
