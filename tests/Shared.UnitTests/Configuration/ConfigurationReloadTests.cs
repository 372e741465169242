using Microsoft.Extensions.Logging;
using Tunnel.Shared.Configuration;
using Tunnel.TestUtilities;

namespace Tunnel.Shared.UnitTests.Configuration;

public sealed class ConfigurationReloadTests : IDisposable
{
    private readonly string _file = Path.GetTempFileName();
    private readonly ManualTimeProvider _time = new();
    private readonly LinesLogger _log = new();
    private readonly List<int> _applied = [];
    private ConfigurationReload<int>? _reload;

    public void Dispose()
    {
        _reload?.Dispose();
        File.Delete(_file);
    }

    [Fact]
    public void A_change_is_applied_when_it_has_settled_and_told_by_name()
    {
        Start("""{"size": 1, "secret": "abc"}""");
        Write("""{"size": 2, "secret": "abc"}""");
        _time.Advance(ConfigurationReload<int>.Interval);
        Assert.Empty(_applied);
        _time.Advance(ConfigurationReload<int>.Interval);
        Assert.Equal([2], _applied);
        Assert.Contains("Information", Assert.Single(_log.Lines));
        Assert.Contains("size", _log.Lines[0]);

        Advance(5);
        Assert.Single(_applied);
    }

    [Fact]
    public void What_needs_a_restart_is_named_once_and_no_value_is_told()
    {
        Start("""{"size": 1, "secret": "abc"}""");
        Write("""{"size": 1, "secret": "xyz", "ports": [1, 2]}""");
        Advance(5);
        var line = Assert.Single(_log.Lines);
        Assert.Contains("Warning", line);
        Assert.Contains("ports, secret", line);
        Assert.DoesNotContain("xyz", line);
    }

    [Fact]
    public void A_faulty_file_changes_nothing_and_every_error_is_told()
    {
        Start("""{"size": 1}""");
        Write("""{"size": "many", "sice": 3}""");
        Advance(5);
        Assert.Empty(_applied);
        Assert.Equal(2, _log.Lines.Count);
        Assert.Contains(_log.Lines, line => line.Contains("Error") && line.Contains("size = \"many\"", StringComparison.Ordinal));
        Assert.Contains(_log.Lines, line => line.Contains("did you mean size?", StringComparison.Ordinal));

        Write("""{"size": 3}""");
        Advance(2);
        Assert.Equal([3], _applied);
    }

    [Fact]
    public void A_file_that_is_gone_or_half_written_changes_nothing()
    {
        Start("""{"size": 1}""");
        File.Delete(_file);
        Advance(2);
        Write("""{"size": """);
        Advance(2);
        Assert.Empty(_applied);
        Assert.All(_log.Lines, line => Assert.Contains("Error", line));

        Write("""{"size": 1}""");
        Advance(2);
        Assert.Empty(_applied);
    }

    [Fact]
    public void A_file_that_can_not_be_read_for_a_while_has_not_changed_and_what_it_says_then_is_taken_over()
    {
        Start("""{"size": 1}""");
        File.Delete(_file);
        // Opening the file is allowed, and reading it fails.
        File.CreateSymbolicLink(_file, "/proc/self/mem");
        Advance(5);
        Assert.Empty(_applied);
        var line = Assert.Single(_log.Lines);
        Assert.Contains("can't be read", line);
        Assert.DoesNotContain("is not valid", line);

        File.Delete(_file);
        Write("""{"size": 4}""");
        Advance(2);
        Assert.Equal([4], _applied);
    }

    [Fact]
    public void What_is_told_to_be_in_force_is_in_force_and_the_log_changes_last()
    {
        List<string> order = [];
        _log.Told += () => order.Add("told");
        Start("""{"size": 1}""", apply: size => order.Add($"applied {size}"), applyLog: size => order.Add($"log {size}"));
        Write("""{"size": 2}""");
        Advance(2);

        Assert.Equal(["applied 2", "told", "log 2"], order);
    }

    [Fact]
    public void A_change_that_could_not_be_applied_is_not_told_and_what_was_in_force_before_is_applied_again()
    {
        Start("""{"size": 1}""", apply: size =>
        {
            if (size == 2)
                throw new InvalidOperationException("no room");
            _applied.Add(size);
        });
        Write("""{"size": 2}""");
        Advance(2);
        Assert.Contains("Error", Assert.Single(_log.Lines));

        Write("""{"size": 1}""");
        Advance(2);
        Assert.Equal([1], _applied);

        // The settings are compared with those in force, not with those that could not be applied.
        Write("""{"size": 3}""");
        Advance(2);
        Assert.Equal([1, 3], _applied);
        Assert.Equal(2, _log.Lines.Count);
        Assert.Contains("size", _log.Lines[1]);
    }

    private void Start(string json, Action<int>? apply = null, Action<int>? applyLog = null)
    {
        Write(json);
        var sources = new ConfigurationSources
        {
            AppSettingsFile = _file + ".none",
            File = _file,
            EnvironmentPrefix = "NO_SUCH__",
            Environment = new Dictionary<string, string>(),
        };
        _reload = new ConfigurationReload<int>(
            sources, Read, new HashSet<string> { "size" }, apply ?? _applied.Add, applyLog ?? (_ => { }), _time, _log);
    }

    private static int Read(ConfigurationSources sources)
    {
        var configuration = LayeredConfiguration.Load(sources);
        var size = configuration.Integer("size", 0, 0, 10);
        configuration.Secret("secret");
        configuration.FindJson("ports");
        configuration.Finish();
        return size;
    }

    private void Write(string json) => File.WriteAllText(_file, json);

    private void Advance(int looks)
    {
        for (var i = 0; i < looks; i++)
            _time.Advance(ConfigurationReload<int>.Interval);
    }

    private sealed class LinesLogger : ILogger
    {
        public event Action? Told;

        public List<string> Lines { get; } = [];

        public IDisposable? BeginScope<TState>(TState state)
            where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            Lines.Add($"{logLevel}: {formatter(state, exception)}");
            Told?.Invoke();
        }
    }
}
