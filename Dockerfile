# The app with its index built in: starts without a network and without a key.
FROM python:3.11.14-slim-bookworm AS build
WORKDIR /app
RUN python -m venv /venv
ENV PATH=/venv/bin:$PATH
COPY requirements.lock pyproject.toml README.md LICENSE ./
RUN pip install --no-cache-dir --no-deps -r requirements.lock
COPY coach coach
COPY ingest ingest
COPY eval eval
COPY ui ui
COPY corpus corpus
RUN pip install --no-cache-dir --no-deps --no-build-isolation --editable . && COACH_HOME=/data coach ingest

FROM python:3.11.14-slim-bookworm
RUN useradd --create-home --uid 10001 coach
COPY --from=build /venv /venv
COPY --from=build /app /app
COPY --from=build --chown=coach /data /data
ENV PATH=/venv/bin:$PATH COACH_HOME=/data COACH_ADDRESS=0.0.0.0 PYTHONUNBUFFERED=1
WORKDIR /app
USER 10001
VOLUME /data
EXPOSE 8501
HEALTHCHECK --start-period=600s CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8501/api/health', timeout=3)"]
CMD ["coach", "app"]
