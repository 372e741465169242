using System.Globalization;
using System.Net;
using System.Reflection;
using System.Runtime.CompilerServices;
using Microsoft.Extensions.Logging;
using Tunnel.Edge;
using Tunnel.Hub;
using Tunnel.Shared.Hosting.Logging;
using Tunnel.TestUtilities;

namespace Tunnel.FuzzTests;

/// <summary>
/// Every line that either program can write is written as often as somebody can make it: nobody fills a disk or hides what others cause.
/// Lines are found by their attribute, so a new one is in here by itself.
/// </summary>
public sealed class LogFloodTests
{
    private const int Seconds = 10;
    private const int PerSecond = 1_000;

    // docs/operations/monitoring.md promises this.
    private const int OfSubject = 10 + (Seconds / 10);
    private const int OfPeer = 20 + Seconds;
    private const int OfKind = 200 + (20 * Seconds);

    private static readonly MethodInfo[] Lines =
    [
        .. new[] { typeof(BoundedLoggerFactory), typeof(TunnelHub), typeof(TunnelEdge) }.SelectMany(type => type.Assembly.GetTypes())
            .SelectMany(type => type.GetMethods(BindingFlags.Static | BindingFlags.Public | BindingFlags.NonPublic))
            .Where(method => method.GetCustomAttribute<LoggerMessageAttribute>() is not null),
    ];

    public static IEnumerable<TheoryDataRow<int>> Kinds =>
        Lines.Select(EventOf).Where(line => line.Level >= LogLevel.Information).Select(line => new TheoryDataRow<int>(line.EventId));

    [Fact]
    public void A_kind_of_line_has_an_event_id_of_its_own() =>
        Assert.Empty(
            Lines.GroupBy(line => EventOf(line).EventId).Where(group => group.Count() > 1).Select(
                group => $"{group.Key}: {string.Join(", ", group.Select(NameOf))}"));

    [Theory]
    [MemberData(nameof(Kinds))]
    public void A_thousand_lines_a_second_are_a_few(int kind)
    {
        var line = Lines.First(method => EventOf(method).EventId == kind);
        Assert.InRange(Flood(line, (_, _) => 0), 1, OfSubject);
        Assert.InRange(Flood(line, (name, i) => IsOfPeer(name) ? 0 : i), 1, OfPeer);
        Assert.InRange(Flood(line, (_, i) => i), 1, OfKind);
    }

    private static int Flood(MethodInfo line, Func<string, int, int> seed)
    {
        var (time, counter) = (new ManualTimeProvider(), new LineCounter());
        var logger = BoundedLoggerFactory.Bound(counter, time).CreateLogger("x");
        for (var i = 0; i < Seconds * PerSecond; i++)
        {
            var number = i;
            object?[] arguments = [
                .. line.GetParameters().Select(parameter => Value(parameter.ParameterType, logger, seed(parameter.Name!, number)))];
            line.Invoke(null, arguments);
            time.Advance(TimeSpan.FromSeconds(1.0 / PerSecond));
        }

        return counter.Count;
    }

    private static LoggerMessageAttribute EventOf(MethodInfo line) => line.GetCustomAttribute<LoggerMessageAttribute>()!;

    private static string NameOf(MethodInfo line) => $"{line.DeclaringType!.Name}.{line.Name}";

    private static bool IsOfPeer(string name) => name is "remote" or "newcomer" or "edgeId" or "ip";

    // Arguments that tell no line from another may be anything: only the count is of interest, and nothing is formatted.
    private static object? Value(Type type, ILogger logger, int seed) => type switch
    {
        _ when type == typeof(ILogger) => logger,
        _ when type == typeof(LogLevel) => LogLevel.Warning,
        _ when type == typeof(string) => seed.ToString(CultureInfo.InvariantCulture),
        _ when type == typeof(int) || type == typeof(long) || type == typeof(double) =>
            Convert.ChangeType(seed, type, CultureInfo.InvariantCulture),
        _ when type == typeof(IPAddress) => Address(seed),
        _ when type.IsAssignableFrom(typeof(IPEndPoint)) => new IPEndPoint(Address(seed), seed & 0xFFFF),
        _ when type.IsAssignableFrom(typeof(Exception)) => null,
        _ when type.IsEnum => Enum.ToObject(type, seed),
        _ => RuntimeHelpers.GetUninitializedObject(Nullable.GetUnderlyingType(type) ?? type),
    };

    private static IPAddress Address(int seed) => new(IPAddress.HostToNetworkOrder(0x0A000000 + seed) & 0xFFFFFFFFL);

    private sealed class LineCounter : ILoggerFactory, ILogger
    {
        public int Count { get; private set; }

        public ILogger CreateLogger(string categoryName) => this;

        public void AddProvider(ILoggerProvider provider)
        {
        }

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter) => Count++;

        public void Dispose()
        {
        }
    }
}
