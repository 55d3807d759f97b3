# Debian slim: node:24-slim has no CA certificates, which TLS needs (ssl.ca.location can name a file of yours instead).
FROM node:24-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci --omit=dev
COPY . .
USER node
CMD ["node", "main.js"]
